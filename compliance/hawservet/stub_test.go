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
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/go/packages"
)

const module = "github.com/hawser-ws/hawser/"

// realPackages loads the packages that the analyzers know, each in its own module.
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

// A stubImporter finds the stubs of testdata, and what else they import.
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

// What the stubs declare is declared in the real packages, with the same types, so
// that the cases cannot fall behind.
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

// compareObjects checks that what stub declares got has too.
func compareObjects(t *testing.T, stub, got types.Object) {
	t.Helper()
	if got == nil {
		t.Errorf("%v is not in the real package", stub)
		return
	}
	_, isType := stub.(*types.TypeName)
	if !isType || stub.(*types.TypeName).IsAlias() {
		if types.ObjectString(stub, nil) != types.ObjectString(got, nil) {
			t.Errorf("%v, but really %v", stub, got)
		}
		return
	}
	want, parts := members(got.Type()), members(stub.Type())
	maps.DeleteFunc(want, func(name, _ string) bool { return parts[name] == "" })
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Errorf("%s differs (-real +stub):\n%s", stub.Name(), diff)
	}
}

// members returns the methods and fields of a type in words, by their names.
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

// The rules say what the documentation says. Whoever changes a sentence there looks
// at the rule here.
func TestDocumentation(t *testing.T) {
	for _, row := range []struct{ file, sentence string }{
		{"websocket/read.go", "Data is valid until the loop asks for the next message or ends"},
		{"websocket/read.go", "The slice is the caller's."},
		{"websocket/read.go", "allocates only if the message does not fit the capacity of dst"},
		{"websocket/read.go", "Only one may read at a time; another gets [ErrConcurrentRead]"},
		{"websocket/conn.go", "Close or CloseNow must be called in the end; a Handler sees to that"},
		{"websocket/writer.go", "Close must be called: until then no other message can be sent"},
		{"websocket/writer.go", "of which a call has failed, cannot be ended truly"},
		{"websocket/options.go", "InsecureAnyOrigin turns the check of the Origin field off"},
		{"wire/decoder.go", "of the argument of Next, or of the Decoder, and valid until the next call"},
		{"wire/close.go", "reason is a slice of payload."},
	} {
		src, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(row.file)))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(strings.ReplaceAll(string(src), "\n//", "\n")), " ")
		text = strings.ReplaceAll(text, " // ", " ")
		if !strings.Contains(text, row.sentence) {
			t.Errorf("%s no longer says %q", row.file, row.sentence)
		}
	}
}
