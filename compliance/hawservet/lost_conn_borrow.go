package hawservet

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// borrowers tells which parameters of the package's functions a function only
// reads from and writes to, so that a Conn is still its caller's to close.
type borrowers struct {
	info  *types.Info
	decls map[*types.Func]inspector.Cursor
	known map[*types.Var]bool // by parameter; true while it is looked at
}

// isBorrowed reports whether the use of a Conn at id neither closes it nor lets go of
// it: it calls a method, compares, or passes it to a borrower.
func (b *borrowers) isBorrowed(id inspector.Cursor) bool {
	switch p := id.Parent().Node().(type) {
	case *ast.SelectorExpr:
		switch p.Sel.Name {
		case "Abort", "Close", "CloseNow", "ByteStream", "NetConn":
			return false
		}
		call, ok := id.Parent().Parent().Node().(*ast.CallExpr)
		return ok && call.Fun == p // or else a method value
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
