package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// reads are the places that a piece of code reads, each with one of the calls.
type reads map[place]ast.Node

// A callGraph tells what the functions of a package read when they are called,
// before they wait for anything.
type callGraph struct {
	info  *types.Info
	decls map[*types.Func]inspector.Cursor
	known map[ast.Node]reads // by function; nil while it is looked at
}

// newCallGraph returns the calls of a package.
func newCallGraph(pass *analysis.Pass, in *inspector.Inspector) *callGraph {
	return &callGraph{pass.TypesInfo, declarations(pass.TypesInfo, in), make(map[ast.Node]reads)}
}

// readsOf returns what the call at cur reads, in the caller's terms. at is a node
// of cur's function. If a function literal is called on the spot, the nodes are
// reads within it, otherwise calls.
func (g *callGraph) readsOf(at inspector.Cursor, call *ast.CallExpr) reads {
	fun := ast.Unparen(call.Fun)
	if isMethod(callee(g.info, call), websocketPath, "Conn", "Read", "AppendRead", "Reader", "ReadJSON") {
		return g.readOf(call)
	}
	if isMethod(callee(g.info, call), websocketPath, "Conn", "Messages") {
		if loop, ok := at.Parent().Node().(*ast.RangeStmt); ok && loop.X == call {
			return g.readOf(call)
		}
		return nil
	}
	fn, ok := g.target(at, call)
	if !ok {
		return nil
	}
	found := make(reads)
	for p, node := range g.ofFunction(fn) {
		if q, ok := g.translate(fn, p, call); ok {
			found[q] = call
			if fn.Node() == fun {
				found[q] = node
			}
		}
	}
	return found
}

// readOf returns what call, of a method of Conn, reads.
func (g *callGraph) readOf(call *ast.CallExpr) reads {
	if p, ok := placeOf(g.info, receiver(call)); ok {
		return reads{p: call}
	}
	return nil
}

// target returns the function that call calls, if it stands in this package. Method
// expressions are left out, whose receiver is an argument.
func (g *callGraph) target(at inspector.Cursor, call *ast.CallExpr) (inspector.Cursor, bool) {
	if fn := callee(g.info, call); fn != nil {
		cur, ok := g.decls[fn.Origin()]
		return cur, ok && !isMethodExpr(g.info, call)
	}
	fun := ast.Unparen(call.Fun)
	if v := variable(g.info, fun); v != nil {
		fun = definition(g.info, at, fun)
	}
	lit, ok := fun.(*ast.FuncLit)
	if !ok {
		return at, false
	}
	return outermost(at).FindNode(lit)
}

// ofFunction returns what the function fn reads, in its own terms. A function that
// has means to take turns is said to read nothing.
func (g *callGraph) ofFunction(fn inspector.Cursor) reads {
	if found, ok := g.known[fn.Node()]; ok {
		return found
	}
	g.known[fn.Node()] = nil
	if takesTurns(fn) {
		return nil
	}
	found := make(reads)
	for cur := range fn.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if !sameFunction(cur, fn) || isLater(cur) {
			continue
		}
		read := g.readsOf(cur, call)
		if len(read) == 0 || g.waitsBefore(fn, call.Pos()) {
			continue
		}
		for p, node := range read {
			if found[p] == nil {
				found[p] = node
			}
		}
	}
	g.known[fn.Node()] = found
	return found
}

// isLater reports whether the call at cur runs on another goroutine, or when the
// function returns.
func isLater(cur inspector.Cursor) bool {
	switch cur.Parent().Node().(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return true
	}
	return false
}

// translate returns what the caller of fn names p, a place that fn names.
func (g *callGraph) translate(fn inspector.Cursor, p place, call *ast.CallExpr) (q place, ok bool) {
	if !within(p.v, fn.Node()) {
		return p, true
	}
	t := signature(g.info, fn.Node())
	if t.Recv() == p.v {
		s, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if s == nil || g.info.Selections[s] == nil || len(g.info.Selections[s].Index()) > 1 {
			return place{}, false // of an embedded field
		}
		q, ok = placeOf(g.info, s.X)
	}
	for i := range min(t.Params().Len(), len(call.Args)) {
		if t.Params().At(i) == p.v && p.v.Name() != "_" {
			q, ok = placeOf(g.info, call.Args[i])
		}
	}
	return place{q.v, q.fields + p.fields}, ok
}

// waitsBefore reports whether the function fn waits somewhere before p, or calls
// something that may.
func (g *callGraph) waitsBefore(fn inspector.Cursor, p token.Pos) bool {
	body := bodyOf(fn.Node())
	for _, s := range body.List {
		if s.Pos() < p && waits(g.info, s) {
			return true
		}
	}
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if n == nil || n.Pos() >= p || found {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.DeferStmt:
			return false
		case *ast.SendStmt:
			found = true
		case *ast.CallExpr:
			found = n.End() <= p && !isQuiet(g.info, n)
		}
		return true
	})
	return found
}

// isQuiet reports whether call is known not to wait for a goroutine of the program:
// a conversion, or of a builtin function, of hawser, or of what does not read in the
// standard library.
func isQuiet(info *types.Info, call *ast.CallExpr) bool {
	if info.Types[call.Fun].IsType() || info.Types[call.Fun].IsBuiltin() {
		return true
	}
	fn := callee(info, call)
	if fn == nil {
		return false
	}
	if isGo(fn) || fn.Pkg() == nil || samePath(fn.Pkg(), websocketPath) || samePath(fn.Pkg(), wirePath) {
		return true
	}
	first, _, _ := strings.Cut(fn.Pkg().Path(), "/")
	switch first {
	case "bytes", "context", "encoding", "errors", "fmt", "log", "maps", "math", "slices", "strconv",
		"strings", "sync", "time", "unicode":
		return !isInterface(fn) && !isStream(fn)
	}
	return false
}

// isInterface reports whether fn is a method of an interface, so that it is not
// known what it does. A context's methods are.
func isInterface(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && types.IsInterface(recv.Type()) && fn.Pkg().Path() != "context"
}

// takesTurns reports whether the function fn has means to see to it that one reads
// after the other.
func takesTurns(fn inspector.Cursor) bool {
	for c := range fn.Preorder((*ast.SelectorExpr)(nil)) {
		switch c.Node().(*ast.SelectorExpr).Sel.Name {
		case "ErrConcurrentRead", "Lock", "TryLock", "Acquire", "TryAcquire", "SetLimit":
			return true
		}
	}
	return false
}
