package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// The import paths of the packages whose use is analyzed.
const (
	websocketPath = "github.com/hawser-ws/hawser/websocket"
	wirePath      = "github.com/hawser-ws/hawser/wire"
)

// samePath reports whether pkg has the import path or is a vendored copy of that package.
func samePath(pkg *types.Package, path string) bool {
	return pkg != nil && (pkg.Path() == path || strings.HasSuffix(pkg.Path(), "/vendor/"+path))
}

// isType reports whether t, or the type that it points to, is the named type of a package.
func isType(t types.Type, path, name string) bool {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == name && samePath(n.Obj().Pkg(), path)
}

// isFunc reports whether fn is one of the named functions of a package.
func isFunc(fn *types.Func, path string, names ...string) bool {
	return fn != nil && samePath(fn.Pkg(), path) && fn.Signature().Recv() == nil &&
		slices.Contains(names, fn.Name())
}

// isMethod reports whether fn is one of the named methods of a type.
func isMethod(fn *types.Func, path, typ string, names ...string) bool {
	return fn != nil && fn.Signature().Recv() != nil && slices.Contains(names, fn.Name()) &&
		isType(fn.Signature().Recv().Type(), path, typ)
}

// callee returns the function or method that e calls by name, or nil.
func callee(info *types.Info, e ast.Expr) *types.Func {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil
	}
	fn, _ := typeutil.Callee(info, call).(*types.Func)
	return fn
}

// declarations returns the functions and methods of a package that have a body.
func declarations(info *types.Info, in *inspector.Inspector) map[*types.Func]inspector.Cursor {
	found := make(map[*types.Func]inspector.Cursor)
	for cur := range in.Root().Preorder((*ast.FuncDecl)(nil)) {
		n := cur.Node().(*ast.FuncDecl)
		if fn, ok := info.Defs[n.Name].(*types.Func); ok && n.Body != nil {
			found[fn] = cur
		}
	}
	return found
}

// isMethodExpr reports whether call calls a method expression, T.Method.
func isMethodExpr(info *types.Info, call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && info.Selections[sel] != nil && info.Selections[sel].Kind() == types.MethodExpr
}

// signature returns the type of a function declaration or literal.
func signature(info *types.Info, fn ast.Node) *types.Signature {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return info.Defs[fn.Name].(*types.Func).Signature()
	case *ast.FuncLit:
		return info.TypeOf(fn).Underlying().(*types.Signature)
	}
	panic("BUG: not a function")
}

// receiver returns the expression before the dot of a method call, or nil.
func receiver(call *ast.CallExpr) ast.Expr {
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return ast.Unparen(sel.X)
	}
	return nil
}

// variable returns the variable that e names, or nil.
func variable(info *types.Info, e ast.Expr) *types.Var {
	id, ok := e.(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := info.ObjectOf(id).(*types.Var)
	return v
}

// definition returns the expression of e's value. If e is a variable, that is the only expression that the
// function around cur assigns to it, or nil. Otherwise it is e.
func definition(info *types.Info, cur inspector.Cursor, e ast.Expr) ast.Expr {
	if v := variable(info, ast.Unparen(e)); v != nil {
		return definitionOf(info, cur, v)
	}
	return e
}

// definitionOf is like definition, for a variable.
func definitionOf(info *types.Info, cur inspector.Cursor, v *types.Var) (e ast.Expr) {
	if v.Kind() != types.LocalVar {
		return nil // the caller gives it a value
	}
	found := 0
	for c := range outermost(cur).Preorder((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil)) {
		switch n := c.Node().(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if variable(info, lhs) == v {
					found++
					e = n.Rhs[min(i, len(n.Rhs)-1)]
				}
			}
		case *ast.ValueSpec:
			for i, id := range n.Names {
				if info.Defs[id] == v && len(n.Values) > 0 {
					found++
					e = n.Values[min(i, len(n.Values)-1)]
				}
			}
		}
	}
	if found != 1 {
		return nil
	}
	return e
}

// root returns the variable at the start of a chain of fields, indexes, slices and
// dereferences, or nil.
func root(info *types.Info, e ast.Expr) *types.Var {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		case *ast.SelectorExpr:
			if id, ok := x.X.(*ast.Ident); ok {
				if _, ok := info.Uses[id].(*types.PkgName); ok {
					return variable(info, x.Sel)
				}
			}
			e = x.X
		default:
			return variable(info, e)
		}
	}
}

// isGlobal reports whether v is a variable of a package.
func isGlobal(v *types.Var) bool {
	return v.Pkg() != nil && v.Parent() == v.Pkg().Scope()
}

// isBytes reports whether t is []byte itself.
func isBytes(t types.Type) bool {
	return types.Identical(t, types.NewSlice(types.Typ[types.Byte]))
}

// within reports whether x begins in outer. A variable begins at its declaration.
func within(x interface{ Pos() token.Pos }, outer ast.Node) bool {
	return outer.Pos() <= x.Pos() && x.Pos() < outer.End()
}

// A place is a variable, or a field of one, that holds a Conn.
type place struct {
	v      *types.Var
	fields string // ".a.b", or "" for the variable itself
}

// placeOf returns the place that e names. It returns false for other expressions, such as an element of a
// slice.
func placeOf(info *types.Info, e ast.Expr) (place, bool) {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		v := variable(info, x)
		return place{v: v}, v != nil
	case *ast.StarExpr:
		return placeOf(info, x.X)
	case *ast.SelectorExpr:
		if s := info.Selections[x]; s == nil {
			return placeOf(info, x.Sel) // of a package
		} else if s.Kind() == types.FieldVal {
			p, ok := placeOf(info, x.X)
			p.fields += "." + x.Sel.Name
			return p, ok
		}
	}
	return place{}, false
}

// contains reports whether an assignment to p also changes q.
func (p place) contains(q place) bool {
	return p.v == q.v && strings.HasPrefix(q.fields+".", p.fields+".")
}

func (p place) String() string { return p.v.Name() + p.fields }

// assigns reports whether n assigns to p, or to a variable or field that contains p.
func assigns(info *types.Info, n ast.Node, p place) bool {
	a, ok := n.(*ast.AssignStmt)
	return ok && slices.ContainsFunc(a.Lhs, func(lhs ast.Expr) bool {
		q, ok := placeOf(info, lhs)
		return ok && q.contains(p)
	})
}
