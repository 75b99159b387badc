package hawservet

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// borrowers knows which parameters the functions of a package only borrow: the function reads from and writes
// to the Conn, and the caller must still close it.
type borrowers struct {
	info  *types.Info
	decls map[*types.Func]inspector.Cursor
	known map[*types.Var]bool // by parameter; true while it is being analyzed
}

// isBorrowed reports whether the use of a Conn at id neither closes it nor hands it over: whether it calls a
// method, compares the Conn, or passes it to a borrower.
func (b *borrowers) isBorrowed(id inspector.Cursor) bool {
	switch p := id.Parent().Node().(type) {
	case *ast.SelectorExpr:
		switch p.Sel.Name {
		case "Abort", "Close", "CloseNow", "ByteStream", "NetConn":
			return false
		}
		call, ok := id.Parent().Parent().Node().(*ast.CallExpr)
		return ok && call.Fun == p // false for a method value
	case *ast.BinaryExpr:
		return true
	case *ast.CallExpr:
		if fn := callee(b.info, p); fn != nil && !isMethodExpr(b.info, p) {
			for i, arg := range p.Args {
				if arg == id.Node() {
					return b.borrows(fn.Origin(), i)
				}
			}
		}
	}
	return false
}

// borrows reports whether fn only borrows its parameter at index i.
func (b *borrowers) borrows(fn *types.Func, i int) bool {
	cur, ok := b.decls[fn]
	params := fn.Signature().Params()
	if !ok || i >= params.Len() || fn.Signature().Variadic() && i == params.Len()-1 {
		return false
	}
	param := params.At(i)
	if found, ok := b.known[param]; ok {
		return found
	}
	b.known[param] = true
	for id := range cur.Preorder((*ast.Ident)(nil)) {
		if b.info.Uses[id.Node().(*ast.Ident)] == param && !b.isBorrowed(id) {
			b.known[param] = false
			return false
		}
	}
	return true
}
