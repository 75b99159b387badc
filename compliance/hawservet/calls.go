package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// reads are the places that code reads, each with one of the calls that read it.
type reads map[place]ast.Node

// A callGraph knows which Conns the functions of a package read before they wait for anything.
type callGraph struct {
	info  *types.Info
	decls map[*types.Func]inspector.Cursor
	known map[ast.Node]reads // by function; nil while it is being analyzed
}

// newCallGraph returns the callGraph of a package.
func newCallGraph(pass *analysis.Pass, in *inspector.Inspector) *callGraph {
	return &callGraph{pass.TypesInfo, declarations(pass.TypesInfo, in), make(map[ast.Node]reads)}
}

// readsOf returns the reads of call, whose cursor is at, with the places as the caller names them. If call
// calls a function literal directly, the nodes are the reads in it. Otherwise they are call itself.
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

// readOf returns the read of call, which calls a method of Conn.
func (g *callGraph) readOf(call *ast.CallExpr) reads {
	if p, ok := placeOf(g.info, receiver(call)); ok {
		return reads{p: call}
	}
	return nil
}

// target returns the function that call calls, if it is in this package. It returns false for a method
// expression, whose receiver is an argument.
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

// ofFunction returns the reads of the function fn, with the places as fn names them. It returns none for a
// function that takes turns.
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

// translate returns the place by which the caller of fn knows p, a place that fn names.
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

// waitsBefore reports whether the function fn waits before p, or calls a function that may.
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

// isQuiet reports whether call certainly does not wait for a goroutine of the program. It is a conversion, or
// a call of a builtin function, of hawser, or of a function of the standard library that does not read.
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

// isInterface reports whether fn is a method of an interface, which may do anything. The methods of a context
// do not count.
func isInterface(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && types.IsInterface(recv.Type()) && fn.Pkg().Path() != "context"
}

// takesTurns reports whether the function fn mentions a name that suggests that goroutines take turns to
// read.
func takesTurns(fn inspector.Cursor) bool {
	for c := range fn.Preorder((*ast.SelectorExpr)(nil)) {
		switch c.Node().(*ast.SelectorExpr).Sel.Name {
		case "ErrConcurrentRead", "Lock", "TryLock", "Acquire", "TryAcquire", "SetLimit":
			return true
		}
	}
	return false
}
