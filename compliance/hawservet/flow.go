package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
	"golang.org/x/tools/go/types/typeutil"
)

// A graph is the control flow of one function, without the function literals in it.
type graph struct {
	info *types.Info
	cfg  *cfg.CFG
}

// newGraph returns the control flow of body.
func newGraph(info *types.Info, body *ast.BlockStmt) *graph {
	mayReturn := func(call *ast.CallExpr) bool { return !neverReturns(info, call) }
	return &graph{info, cfg.New(body, mayReturn)}
}

// neverReturns reports whether call is a call of the standard library that ends the goroutine or the program.
func neverReturns(info *types.Info, call *ast.CallExpr) bool {
	switch fn := typeutil.Callee(info, call).(type) {
	case *types.Builtin:
		return fn.Name() == "panic"
	case *types.Func:
		if fn.Pkg() == nil {
			return false
		}
		switch fn.Pkg().Path() + "." + fn.Name() {
		case "os.Exit", "runtime.Goexit",
			"log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln",
			"testing.Fatal", "testing.Fatalf", "testing.FailNow",
			"testing.Skip", "testing.Skipf", "testing.SkipNow":
			return true
		}
	}
	return false
}

// follow visits the nodes that may run after the node that contains start, each once and in no particular
// order. Along a path, it stops where visit returns false. If start is nil, it begins at the start of the
// function. branch chooses the successors of a block to visit. If it is nil, all are visited.
func (g *graph) follow(start ast.Node, visit func(ast.Node) bool, branch func(*cfg.Block) []*cfg.Block) {
	seen := make(map[*cfg.Block]bool)
	var walk func(b *cfg.Block, from int)
	walk = func(b *cfg.Block, from int) {
		for _, n := range b.Nodes[from:] {
			if !visit(n) {
				return
			}
		}
		next := b.Succs
		if branch != nil {
			next = branch(b)
		}
		for _, s := range next {
			if !seen[s] {
				seen[s] = true
				walk(s, 0)
			}
		}
	}
	if start == nil {
		walk(g.cfg.Blocks[0], 0)
		return
	}
	for _, b := range g.cfg.Blocks {
		for i, n := range b.Nodes {
			if within(start, n) && b.Live {
				walk(b, i+1)
				return
			}
		}
	}
}

// function returns the innermost function around cur, an *ast.FuncDecl or *ast.FuncLit, and its body. It
// returns false outside functions.
func function(cur inspector.Cursor) (fn inspector.Cursor, body *ast.BlockStmt, ok bool) {
	for c := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		if c == cur {
			continue
		}
		body = bodyOf(c.Node())
		return c, body, body != nil
	}
	return cur, nil, false
}

// sameFunction reports whether cur is in the function fn itself and not in a function literal in it.
func sameFunction(cur, fn inspector.Cursor) bool {
	f, _, ok := function(cur)
	return ok && f == fn
}

// bodyOf returns the body of a function.
func bodyOf(fn ast.Node) *ast.BlockStmt {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return fn.Body
	case *ast.FuncLit:
		return fn.Body
	}
	return nil
}

// outermost returns the declaration of the function around cur, or the outermost
// function literal.
func outermost(cur inspector.Cursor) inspector.Cursor {
	out := cur
	for c := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		out = c
	}
	return out
}

// waits reports whether the goroutine waits for another one in n: whether it receives from a channel that is
// not the Done channel of a context or the channel of a timer, or calls a method named Wait. It ignores
// function literals.
func waits(info *types.Info, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW && isChan(info, n.X) && !isCallOf(n.X, "Done")
		case *ast.CallExpr:
			found = found || isCallOf(n, "Wait")
		case *ast.RangeStmt:
			found = found || isChan(info, n.X)
		}
		return !found
	})
	return found
}

// isCallOf reports whether e calls a method of that name, or a function of that name in another package.
func isCallOf(e ast.Expr, name string) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && sel.Sel.Name == name
}

// isChan reports whether e is a channel other than that of a timer.
func isChan(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false
	}
	c, ok := t.Underlying().(*types.Chan)
	return ok && !isType(c.Elem(), "time", "Time")
}
