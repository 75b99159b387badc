package hawservet_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

const module = "github.com/hawser-ws/hawser/"

// realPackages loads the packages whose use is analyzed, each in its own module.
func realPackages(t *testing.T) map[string]*packages.Package {
	t.Helper()
	found := make(map[string]*packages.Package)
	for _, name := range []string{"wire", "websocket"} {
		pkgs, err := packages.Load(&packages.Config{
			Context: t.Context(),
			Mode:    packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedFiles,
			Dir:     filepath.Join("..", "..", name),
		}, ".")
		if err != nil || len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
			t.Fatalf("%s: %v, %v", name, err, pkgs)
		}
		found[module+name] = pkgs[0]
	}
	return found
}

// A stubImporter imports the stubs of testdata and the packages of the standard library.
type stubImporter struct {
	t    *testing.T
	root string
	fset *token.FileSet
	std  types.Importer
}

func (im stubImporter) Import(path string) (*types.Package, error) {
	if !strings.HasPrefix(path, module) {
		return im.std.Import(path)
	}
	dir := filepath.Join(im.root, path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		im.t.Fatal(err)
	}
	var files []*ast.File
	for _, e := range entries {
		f, err := parser.ParseFile(im.fset, filepath.Join(dir, e.Name()), nil, 0)
		if err != nil {
			im.t.Fatal(err)
		}
		files = append(files, f)
	}
	return (&types.Config{Importer: im}).Check(path, im.fset, files, nil)
}

// The real packages declare everything that the stubs declare, with the same types.
func TestStubs(t *testing.T) {
	pkgs := realPackages(t)
	for _, root := range []string{"testdata/src", "testdata/src/vendored/vendor"} {
		fset := token.NewFileSet()
		im := stubImporter{t, root, fset, importer.Default()}
		for path, pkg := range pkgs {
			stub, err := im.Import(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range stub.Scope().Names() {
				compareObjects(t, stub.Scope().Lookup(name), pkg.Types.Scope().Lookup(name))
			}
		}
	}
}

// compareObjects checks that got is declared like stub, and has at least its methods and fields.
func compareObjects(t *testing.T, stub, got types.Object) {
	t.Helper()
	if got == nil {
		t.Errorf("the real package does not declare %v", stub)
		return
	}
	_, isType := stub.(*types.TypeName)
	if !isType || stub.(*types.TypeName).IsAlias() {
		if types.ObjectString(stub, nil) != types.ObjectString(got, nil) {
			t.Errorf("the stub declares %v, the real package %v", stub, got)
		}
		return
	}
	want, parts := members(got.Type()), members(stub.Type())
	maps.DeleteFunc(want, func(name, _ string) bool { return parts[name] == "" })
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("%s differs (-real +stub):\n%s", stub.Name(), diff)
	}
}

// members returns the types of the methods and fields of a type, by name.
func members(t types.Type) map[string]string {
	all := make(map[string]string)
	set := types.NewMethodSet(types.NewPointer(t))
	for s := range set.Methods() {
		f := s.Obj().(*types.Func)
		all[f.Name()] = types.TypeString(f.Signature(), nil)
	}
	if st, ok := t.Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			all[f.Name()] = types.TypeString(f.Type(), nil)
		}
	} else {
		all["underlying type"] = t.Underlying().String()
	}
	return all
}

// Every name of websocket and wire that an analyzer looks for, or that a diagnostic mentions, is declared
// there. Signatures cannot show how long bytes are lent: if the documentation changes that, change the rule.
func TestNames(t *testing.T) {
	declared := realPackages(t)
	paths := map[string]string{"websocketPath": module + "websocket", "wirePath": module + "wire"}
	pkgs, err := packages.Load(&packages.Config{Context: t.Context(), Mode: packages.LoadSyntax}, ".")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, f := range pkgs[0].Syntax {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				for _, name := range regexp.MustCompile(`\bErr[A-Z]\w+`).FindAllString(n.Value, -1) {
					checked++
					checkName(t, declared[module+"websocket"], "", name)
				}
			case *ast.CallExpr:
				fun := types.ExprString(n.Fun)
				if fun != "isFunc" && fun != "isMethod" && fun != "isType" {
					break
				}
				pkg, names, typ := declared[paths[types.ExprString(n.Args[1])]], n.Args[2:], ""
				if pkg == nil {
					break // of the standard library
				}
				if fun == "isMethod" {
					typ, names = unquoted(t, names[0]), names[1:]
				}
				for _, name := range names {
					checked++
					checkName(t, pkg, typ, unquoted(t, name))
				}
			}
			return true
		})
	}
	if checked < 30 {
		t.Errorf("found only %d names to check", checked)
	}
}

func unquoted(t *testing.T, e ast.Expr) string {
	t.Helper()
	s, err := strconv.Unquote(types.ExprString(e))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkName checks that pkg declares a name, or that its type typ has a method or field of that name.
func checkName(t *testing.T, pkg *packages.Package, typ, name string) {
	t.Helper()
	if typ == "" {
		if pkg.Types.Scope().Lookup(name) == nil {
			t.Errorf("package %s does not declare %s", pkg.Name, name)
		}
		return
	}
	obj := pkg.Types.Scope().Lookup(typ)
	if obj == nil || members(obj.Type())[name] == "" {
		t.Errorf("package %s does not declare %s.%s", pkg.Name, typ, name)
	}
}
