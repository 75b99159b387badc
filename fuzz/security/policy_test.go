package security

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// root is the path from this package to the top of the repository.
const root = "../../"

// A table is a Markdown table: its rows of cells, without the header.
type table [][]string

// readTable returns the table of text whose first column has the given header.
func readTable(t *testing.T, text, header string) (all table) {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n| "+header+" | ")
	if !found {
		t.Fatalf("no table has the first column %q", header)
	}
	lines := strings.Split(rest, "\n")
	columns := strings.Count(lines[0], " | ") + 2
	for _, line := range lines[2:] { // after the header and the ruler
		if !strings.HasPrefix(line, "| ") {
			break
		}
		row := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), " | ")
		if len(row) != columns {
			t.Errorf("%d columns, want %d: %s", len(row), columns, line)
			continue
		}
		all = append(all, row)
	}
	if len(all) == 0 {
		t.Fatalf("the table with the first column %q is empty", header)
	}
	return all
}

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// defaults are the defaults of the fields of Limits.
var defaults = map[string]any{
	"Limits.MaxMessage":         int64(websocket.DefaultMaxMessage),
	"Limits.MaxEmptyFragments":  int64(websocket.DefaultMaxEmptyFragments),
	"Limits.MaxControls":        int64(websocket.DefaultMaxControls),
	"Limits.HandshakeTimeout":   websocket.DefaultHandshakeTimeout,
	"Limits.CloseTimeout":       websocket.DefaultCloseTimeout,
	"Limits.WriteTimeout":       websocket.DefaultWriteTimeout,
	"Limits.MessageTimeout":     "none",
	"Limits.PingInterval":       "none",
	"Limits.PongTimeout":        websocket.DefaultPongTimeout,
	"Group.MaxConns":            "none",
	"Limits.MaxResponseHeader":  int64(websocket.DefaultMaxResponseHeader),
	"Limits.Budget":             "none",
	"Limits.MaxHandshakeFields": int64(websocket.DefaultMaxHandshakeFields),
}

// TestSecurityPolicyLimits checks that the table of limits contains all limits, with the values
// in the code.
func TestSecurityPolicyLimits(t *testing.T) {
	named := map[string]bool{"Limits.MaxWriteFrame": true} // not a limit on the peer
	for _, row := range readTable(t, readme(t), "limit") {
		name := strings.Trim(row[1], "`")
		if named[name] {
			t.Errorf("%s is in the table twice", name)
		}
		named[name] = true
		got, known := defaults[name]
		if !known {
			dir, unexported := "websocket", name
			if i := strings.LastIndex(name, "."); i >= 0 {
				dir, unexported = name[:i], name[i+1:]
			}
			got = constantOf(t, dir, unexported)
		}
		if want := formatLimit(got, row[2]); row[2] != want {
			t.Errorf("%s is %s, the table has %s", name, want, row[2])
		}
	}
	for i := range reflect.TypeFor[websocket.Limits]().NumField() {
		if name := "Limits." + reflect.TypeFor[websocket.Limits]().Field(i).Name; !named[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
}

// formatLimit formats a limit in the unit of the cell of the table.
func formatLimit(v any, cell string) string {
	if text, ok := v.(string); ok {
		return text
	}
	n, ok := v.(int64)
	switch {
	case !ok:
		return fmt.Sprintf("%v s", v.(time.Duration).Seconds())
	case strings.HasSuffix(cell, " MiB"):
		return fmt.Sprintf("%v MiB", float64(n)/(1<<20))
	case strings.HasSuffix(cell, " KiB"):
		return fmt.Sprintf("%v KiB", float64(n)/(1<<10))
	case strings.HasSuffix(cell, " B"):
		return fmt.Sprintf("%d B", n)
	case n >= 1000:
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprint(n)
}

// constantOf returns the value of a constant of a package of this repository. It may be
// unexported, but must not depend on other packages.
func constantOf(t *testing.T, dir, name string) int64 {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range goFiles(t, dir) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	config := types.Config{
		Importer: noImports{},
		Error:    func(error) {}, // about imports
	}
	pkg, _ := config.Check(dir, set, files, nil)
	c, ok := pkg.Scope().Lookup(name).(*types.Const)
	if !ok {
		t.Errorf("package %s has no constant %s", dir, name)
		return 0
	}
	n, exact := constant.Int64Val(constant.ToInt(c.Val()))
	if !exact {
		t.Errorf("%s.%s is not a number that depends on no other package", dir, name)
	}
	return n
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.FromSlash(root+dir) + string(filepath.Separator) + "*.go")
	if err != nil || len(files) == 0 {
		t.Errorf("no package in %s: %v", dir, err)
	}
	return files
}

var (
	testName = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	advisory = regexp.MustCompile(`^(-|CVE-\d{4}-\d{4,7}(, CVE-\d{4}-\d{4,7})*)$`)
)

// TestSecurityPolicy checks that every class of vulnerability has a test, and that every
// named test exists.
func TestSecurityPolicy(t *testing.T) {
	tests := map[string]map[string]bool{} // by package
	for _, row := range readTable(t, readme(t), "class") {
		class, elsewhere, cell := row[0], row[1], row[3]
		if !advisory.MatchString(elsewhere) {
			t.Errorf("%s: invalid list of CVEs %q", class, elsewhere)
		}
		names := testName.FindAllStringSubmatch(cell, -1)
		if len(names) == 0 {
			t.Errorf("%s: no test", class)
		}
		if n := len(strings.Fields(cell)); n != len(names) {
			t.Errorf("%s: %d words for %d tests: %s", class, n, len(names), cell)
		}
		for _, name := range names {
			dir, f := name[1], name[2]
			if tests[dir] == nil {
				tests[dir] = testsOf(t, dir)
			}
			if !tests[dir][f] {
				t.Errorf("%s: package %s has no %s", class, dir, f)
			}
		}
	}
}

// testsOf returns the names of the tests and fuzz targets of a package.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, path := range goFiles(t, dir) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}
