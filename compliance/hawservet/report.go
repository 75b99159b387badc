package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// report reports a finding at n, unless a comment allows it. The message says what is wrong and what to do.
func report(pass *analysis.Pass, n ast.Node, message string, fixes ...analysis.SuggestedFix) {
	switch reason, ok := allowed(pass, n.Pos()); {
	case reason != "":
		return
	case ok:
		message += " (the comment that allows it must give a reason)"
	}
	pass.Report(analysis.Diagnostic{
		Pos:            n.Pos(),
		End:            n.End(),
		Category:       pass.Analyzer.Name,
		Message:        message,
		URL:            pass.Analyzer.URL,
		SuggestedFixes: fixes,
	})
}

// fileOf returns the file that contains p.
func fileOf(pass *analysis.Pass, p token.Pos) *ast.File {
	for _, f := range pass.Files {
		if f.FileStart <= p && p < f.FileEnd {
			return f
		}
	}
	return nil
}

// allowed reports whether a comment on the line of p, or on the line above it, has "hawservet:allow" and the
// rule. It returns the reason that follows.
func allowed(pass *analysis.Pass, p token.Pos) (reason string, ok bool) {
	f := fileOf(pass, p)
	if f == nil {
		return "", false
	}
	line := pass.Fset.Position(p).Line
	for _, group := range f.Comments {
		for _, c := range group.List {
			at := pass.Fset.Position(c.Pos()).Line
			if at != line && at != line-1 {
				continue
			}
			text, found := strings.CutPrefix(c.Text, "//hawservet:allow ")
			rule, why, _ := strings.Cut(strings.TrimSpace(text), " ")
			if found && rule == pass.Analyzer.Name {
				return strings.TrimSpace(why), true
			}
		}
	}
	return "", false
}

// isTest reports whether p is in a test, in a package whose name ends in test, or in a file that imports
// testing.
func isTest(pass *analysis.Pass, p token.Pos) bool {
	if strings.HasSuffix(pass.Fset.Position(p).Filename, "_test.go") ||
		strings.HasSuffix(pass.Pkg.Name(), "test") {
		return true
	}
	f := fileOf(pass, p)
	return f != nil && importOf(f, "testing") != nil
}

// importOf returns the import of path in f, or nil.
func importOf(f *ast.File, path string) *ast.ImportSpec {
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && p == path {
			return spec
		}
	}
	return nil
}

// cloned returns the fix that wraps e in bytes.Clone. It returns none if e is not a []byte, or if the name
// bytes has another meaning there.
func cloned(pass *analysis.Pass, e ast.Expr) []analysis.SuggestedFix {
	if !isBytes(pass.TypesInfo.TypeOf(e)) {
		return nil
	}
	f := fileOf(pass, e.Pos())
	var edits []analysis.TextEdit
	_, obj := pass.Pkg.Scope().Innermost(e.Pos()).LookupParent("bytes", e.Pos())
	switch name, _ := obj.(*types.PkgName); {
	case name != nil && name.Imported().Path() == "bytes":
	case obj == nil && importOf(f, "bytes") == nil:
		edits = append(edits, importing(f, "bytes"))
	default:
		return nil
	}
	edits = append(edits,
		analysis.TextEdit{Pos: e.Pos(), End: e.Pos(), NewText: []byte("bytes.Clone(")},
		analysis.TextEdit{Pos: e.End(), End: e.End(), NewText: []byte(")")})
	return []analysis.SuggestedFix{{Message: "Copy the bytes", TextEdits: edits}}
}

// importing returns the edit that adds an import of path to f.
func importing(f *ast.File, path string) analysis.TextEdit {
	at, text := f.Name.End(), "\n\nimport "+strconv.Quote(path)
	for _, d := range f.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT && d.Lparen.IsValid() {
			at, text = d.Lparen+1, "\n\t"+strconv.Quote(path)
			break
		}
	}
	return analysis.TextEdit{Pos: at, End: at, NewText: []byte(text)}
}
