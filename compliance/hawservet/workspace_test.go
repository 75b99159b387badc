package hawservet_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/hawser-ws/hawser/compliance/hawservet"
)

// The programs and tests of the other modules have no findings. Without HAWSER_FULL, the test analyzes only
// the modules whose code users copy.
func TestWorkspace(t *testing.T) {
	if raceEnabled {
		t.Skip("the analyzers use no goroutines, and are slow under the race detector")
	}
	modules := []string{"examples", "websocket"}
	if os.Getenv("HAWSER_FULL") != "" {
		modules = append(modules, "compliance", "compliance/cmd/wscheck", "fuzz")
	}
	for _, module := range modules {
		for _, d := range analyze(t, module) {
			t.Error(d)
		}
	}
}

// analyze runs all analyzers over a module of this workspace, including its tests, and returns the findings:
// file, rule and message.
func analyze(t *testing.T, module string) (found []string) {
	t.Helper()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	pkgs, err := packages.Load(&packages.Config{
		Context: t.Context(),
		Mode:    packages.LoadSyntax | packages.NeedModule,
		Dir:     filepath.Join(top, module),
		Tests:   true,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatalf("%s has no packages", module)
	}
	for _, p := range pkgs {
		if len(p.Errors) > 0 {
			t.Errorf("%s does not build: %v", p.ID, p.Errors[0])
		}
	}
	graph, err := checker.Analyze(hawservet.Analyzers(), pkgs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for a := range graph.All() {
		if !a.IsRoot || len(a.Package.Errors) > 0 {
			continue
		}
		if a.Err != nil {
			t.Errorf("%v: %v", a, a.Err)
		}
		for _, d := range a.Diagnostics {
			name, err := filepath.Rel(top, a.Package.Fset.Position(d.Pos).Filename)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, filepath.ToSlash(name)+" "+d.Category+" "+d.Message)
		}
	}
	slices.Sort(found)
	return slices.Compact(found) // a package and its test variant
}
