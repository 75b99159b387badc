package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

const (
	variable = "HAWSER_PLANTED_FAULT" // the environment variable that selects a fault
	active   = "plantedFault"         // the package variable that holds its value
	perBuild = 600                    // faults per binary
)

// A span is the position of a fault's copy in a written file.
type span struct {
	start, end int
	m          *mutant
}

// A written file is a source with a copy of a function for each fault.
type written struct {
	source *source
	data   []byte
	spans  []span
}

// copyable reports whether the fault can share a binary with others. Then the original function calls a copy
// of itself that has the fault. Such a copy cannot recover, because the deferred function is the original,
// and its runtime.Caller reports the original as the caller.
func (m *mutant) copyable() bool {
	if m.decl == nil || m.decl.Body == nil {
		return false
	}
	switch m.decl.Name.Name {
	case "init", "main":
		return m.decl.Recv != nil
	}
	body := m.source.slice(m.decl.Body.Pos(), m.decl.Body.End())
	return !strings.Contains(body, "recover()") && !strings.Contains(body, "runtime.Caller")
}

// write returns the file with the faults, which must be copyable.
func write(s *source, mutants []*mutant) *written {
	w := &written{source: s}
	byDecl := map[*ast.FuncDecl][]*mutant{}
	for _, m := range mutants {
		byDecl[m.decl] = append(byDecl[m.decl], m)
	}
	var edits []edit
	for _, d := range s.file.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && byDecl[d] != nil {
			edits = append(edits, s.dispatch(d, byDecl[d])...)
		}
	}
	w.data = append(apply(s.data, 0, edits), '\n')
	for _, m := range mutants {
		start := len(w.data)
		w.data = append(w.data, s.copyOf(m)...)
		w.data = append(w.data, "\n\n"...)
		w.spans = append(w.spans, span{start, len(w.data), m})
	}
	return w
}

// An edit replaces bytes of a file.
type edit struct {
	start, end int
	text       string
}

// apply applies the edits to a copy of data, whose offset in the file is base.
func apply(data []byte, base int, edits []edit) []byte {
	sort.SliceStable(edits, func(i, j int) bool { return edits[i].start < edits[j].start })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(out, data[at:e.start-base]...)
		out = append(out, e.text...)
		at = e.end - base
	}
	return append(out, data[at:]...)
}

// copyName returns the name of the fault's function.
func copyName(m *mutant) string { return fmt.Sprintf("planted%d_%s", m.id, m.decl.Name.Name) }

// copyOf returns the source of the fault's function, renamed.
func (s *source) copyOf(m *mutant) []byte {
	d := m.decl
	from, to := s.offset(d.Type.Func), s.offset(d.End())
	return apply(s.data[from:to], from, []edit{
		{s.offset(d.Name.Pos()), s.offset(d.Name.End()), copyName(m)},
		{m.start, m.end, m.text},
	})
}

// dispatch returns the edits that insert a switch to the function's copies at its beginning, and name its
// unnamed parameters.
func (s *source) dispatch(d *ast.FuncDecl, mutants []*mutant) []edit {
	var edits []edit
	named := 0
	names := func(l *ast.FieldList) (args []string) {
		if l == nil {
			return nil
		}
		for _, field := range l.List {
			suffix := ""
			if _, ok := field.Type.(*ast.Ellipsis); ok {
				suffix = "..."
			}
			if len(field.Names) == 0 {
				named++
				name := fmt.Sprintf("plantedArg%d", named)
				at := s.offset(field.Type.Pos())
				edits = append(edits, edit{at, at, name + " "})
				args = append(args, name+suffix)
			}
			for _, id := range field.Names {
				name := id.Name
				if name == "_" {
					named++
					name = fmt.Sprintf("plantedArg%d", named)
					edits = append(edits, edit{s.offset(id.Pos()), s.offset(id.End()), name})
				}
				args = append(args, name+suffix)
			}
		}
		return args
	}
	prefix := ""
	if d.Recv != nil {
		prefix = names(d.Recv)[0] + "."
	}
	args := strings.Join(names(d.Type.Params), ", ")
	var b strings.Builder
	fmt.Fprintf(&b, " if %s != 0 { switch %s { ", active, active)
	for _, m := range mutants {
		call := fmt.Sprintf("%s%s%s(%s)", prefix, copyName(m), typeArgs(d), args)
		if d.Type.Results != nil {
			fmt.Fprintf(&b, "case %d: return %s; ", m.id, call)
		} else {
			fmt.Fprintf(&b, "case %d: %s; return; ", m.id, call)
		}
	}
	b.WriteString("} }; ")
	at := s.offset(d.Body.Lbrace) + 1
	return append(edits, edit{at, at, b.String()})
}

// typeArgs returns the type arguments with which a generic function calls its copies.
func typeArgs(d *ast.FuncDecl) string {
	if d.Type.TypeParams == nil {
		return ""
	}
	var names []string
	for _, f := range d.Type.TypeParams.List {
		for _, id := range f.Names {
			names = append(names, id.Name)
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// bySource groups faults by their file.
func bySource(mutants []*mutant) map[*source][]*mutant {
	m := map[*source][]*mutant{}
	for _, x := range mutants {
		m[x.source] = append(m[x.source], x)
	}
	return m
}

// buildable type-checks copyable faults together. It sets the outcome of those that do not compile, and
// returns the others.
func (t *target) buildable(mutants []*mutant) ([]*mutant, error) {
	for {
		bad, err := t.typeCheck(mutants)
		if err != nil || len(bad) == 0 {
			return mutants, err
		}
		var good []*mutant
		for _, m := range mutants {
			if bad[m] {
				m.Outcome = noBuild
			} else {
				good = append(good, m)
			}
		}
		mutants = good
	}
}

// typeCheck returns the faults whose copies have errors.
func (t *target) typeCheck(mutants []*mutant) (map[*mutant]bool, error) {
	groups := bySource(mutants)
	fset := token.NewFileSet()
	files := map[string]*written{}
	var parsed []*ast.File
	for _, s := range t.sources {
		w := write(s, groups[s])
		files[s.path] = w
		f, err := parser.ParseFile(fset, s.path, w.data, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("syntax error in a file with faults: %w", err)
		}
		parsed = append(parsed, f)
	}
	stub, err := parser.ParseFile(fset, "planted.go", "package "+t.pkg.Name+"\nvar "+active+" int\n", 0)
	if err != nil {
		return nil, err
	}
	parsed = append(parsed, stub)
	bad := map[*mutant]bool{}
	var stray error
	cfg := types.Config{Importer: t.imports(), Sizes: t.pkg.TypesSizes, Error: func(err error) {
		e, ok := err.(types.Error)
		if !ok {
			stray = err
			return
		}
		pos := fset.Position(e.Pos)
		if m := files[pos.Filename].at(pos.Offset); m != nil {
			bad[m] = true
		} else {
			stray = err
		}
	}}
	if t.pkg.Module.GoVersion != "" {
		cfg.GoVersion = "go" + t.pkg.Module.GoVersion
	}
	cfg.Check(t.pkg.PkgPath, fset, parsed, nil) // errors are passed to cfg.Error
	if len(bad) == 0 && stray != nil {
		return nil, stray
	}
	return bad, nil
}

// at returns the fault whose copy contains the offset, or nil.
func (w *written) at(offset int) *mutant {
	if w == nil {
		return nil
	}
	for _, s := range w.spans {
		if s.start <= offset && offset < s.end {
			return s.m
		}
	}
	return nil
}

var blamed = regexp.MustCompile(`\d+_([^\s/:]+\.go):(\d+):\d+:`)

// refused sets the outcome of the faults in which the compiler found errors, and returns the others.
func (t *target) refused(mutants []*mutant, output string) (good []*mutant) {
	bad := map[*mutant]bool{}
	files := map[string]*written{}
	for s, ms := range bySource(mutants) {
		files[s.base()] = write(s, ms)
	}
	for _, match := range blamed.FindAllStringSubmatch(output, -1) {
		w := files[match[1]]
		line, err := strconv.Atoi(match[2])
		if w == nil || err != nil {
			continue
		}
		offset := 0
		for ; line > 1; line-- {
			offset += bytes.IndexByte(w.data[offset:], '\n') + 1
		}
		if m := w.at(offset); m != nil {
			m.Outcome = noBuild
			bad[m] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return bad[m] })
}

// overlay writes the files and an overlay for go build -overlay into dir. It returns the name of the
// latter.
func overlay(dir string, replace map[string][]byte) (string, error) {
	list := struct{ Replace map[string]string }{map[string]string{}}
	n := 0
	for path, data := range replace {
		n++
		name := filepath.Join(dir, fmt.Sprintf("%d_%s", n, filepath.Base(path)))
		if err := os.WriteFile(name, data, 0o666); err != nil {
			return "", err
		}
		list.Replace[path] = name
	}
	data, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, data, 0o666)
}

// together returns the files of a build with many faults.
func (t *target) together(mutants []*mutant) map[string][]byte {
	replace := map[string][]byte{
		filepath.Join(t.dir, "zz_planted.go"): []byte(fmt.Sprintf(
			"package %s\n\nimport (\n\t\"os\"\n\t\"strconv\"\n)\n\nvar %s, _ = strconv.Atoi(os.Getenv(%q))\n",
			t.pkg.Name, active, variable)),
	}
	for s, ms := range bySource(mutants) {
		replace[s.path] = write(s, ms).data
	}
	return replace
}

// alone returns the file with one fault and no other changes.
func alone(m *mutant) map[string][]byte {
	return map[string][]byte{m.source.path: apply(m.source.data, 0, []edit{{m.start, m.end, m.text}})}
}
