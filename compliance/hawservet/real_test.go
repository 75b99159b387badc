package hawservet_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/hawser-ws/hawser/compliance/hawservet"
)

// meant are the findings in this workspace's own programs, by file, rule and the
// start of the message, each with the reason why it stays. They must be found.
var meant = map[string]string{
	"examples/echo/server.go insecure InsecureAnyOrigin":          "the example says why: there is nothing to protect",
	"compliance/testee/server.go insecure InsecureAnyOrigin":      "a server to be tested, with nothing to protect",
	"compliance/suite/server_test.go lostconn c of Dial is never": "the server under test closes it, and the test ends when it has",
	"compliance/suite/server_test.go lostconn q of Dial is never": "the server under test closes it",
}

// The programs and tests of the other modules raise no false alarm.
func TestWorkspace(t *testing.T) {
	if underRace {
		t.Skip("it has no goroutines, and takes long under the race detector")
	}
	found := make(map[string]bool)
	for _, module := range []string{"examples", "compliance", "fuzz"} {
		for _, d := range analyze(t, module) {
			key := ""
			for m := range meant {
				if strings.HasPrefix(d, m) {
					key = m
				}
			}
			if key == "" {
				t.Errorf("a new finding: %s", d)
			}
			found[key] = true
		}
	}
	for m := range meant {
		if !found[m] {
			t.Errorf("no longer found, take it from the list: %s", m)
		}
	}
}

// analyze runs all analyzers over a module of this workspace, tests included, and
// returns what they say: file, rule and message.
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
