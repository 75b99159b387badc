package hawservet_test

import (
	"bytes"
	"errors"
	"go/format"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/analysis/passes/inspect"

	"github.com/hawser-ws/hawser/compliance/hawservet"
)

// all runs every analyzer, so that packages are loaded only once.
var all = &analysis.Analyzer{
	Name:     "all",
	Doc:      "run every analyzer",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		var errs []error
		for _, a := range hawservet.Analyzers() {
			p := *pass
			p.Analyzer = a
			_, err := a.Run(&p)
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	},
}

// The cases are in testdata/src: a package for each rule, one with a vendor directory, and one whose fixes
// are compared with golden files. The analyzers report the findings of the "want" comments and no others.
func TestCases(t *testing.T) {
	for _, r := range analysistest.Run(t, analysistest.TestData(), all, "keptpayload", "lostconn",
		"droppederr", "insecure", "tworeaders", "openwriter", "neverread", "vendored", "fixed") {
		if r.Action.Package.PkgPath == "fixed" {
			testFixes(t, r.Action)
		}
	}
}

// testFixes applies the fixes of a and compares the files with the golden files. The fixes make copies and
// import package bytes.
func testFixes(t *testing.T, a *checker.Action) {
	t.Helper()
	edits := make(map[string][]analysis.TextEdit)
	for _, d := range a.Diagnostics {
		for _, fix := range d.SuggestedFixes {
			for _, e := range fix.TextEdits {
				name := a.Package.Fset.Position(e.Pos).Filename
				edits[name] = append(edits[name], e)
			}
		}
	}
	if len(edits) != 2 {
		t.Errorf("there are fixes for %d files, want 2", len(edits))
	}
	for name, all := range edits {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(all, func(x, y analysis.TextEdit) int { return int(y.Pos - x.Pos) })
		all = slices.CompactFunc(all, func(x, y analysis.TextEdit) bool { // an import is added once
			return x.Pos == y.Pos && bytes.Equal(x.NewText, y.NewText)
		})
		for _, e := range all {
			start, end := a.Package.Fset.Position(e.Pos).Offset, a.Package.Fset.Position(e.End).Offset
			src = slices.Concat(src[:start], e.NewText, src[end:])
		}
		got, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want, err := os.ReadFile(name + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s with its fixes differs (-golden +fixed):\n%s", name, diff)
		}
	}
}

func TestAnalyzers(t *testing.T) {
	if err := analysis.Validate(hawservet.Analyzers()); err != nil {
		t.Error(err)
	}
}
