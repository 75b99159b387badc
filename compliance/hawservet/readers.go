package hawservet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

// TwoReaders reports a Conn that is read by a goroutine and, while that may run, by
// the function that started it or by another goroutine of that function. One
// goroutine reads a Conn; another gets websocket.ErrConcurrentRead. Reads that
// follow a receive from a channel, a call of Wait, or that are under a Lock are not
// reported, and neither is a function that mentions ErrConcurrentRead.
var TwoReaders = &analysis.Analyzer{
	Name:     "tworeaders",
	Doc:      "report Conns that two goroutines read at a time",
	URL:      about + "tworeaders",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runTwoReaders,
}

func runTwoReaders(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	reported := make(map[ast.Node]bool)
	for cur := range in.Root().Preorder((*ast.FuncLit)(nil)) {
		start, ok := started(pass.TypesInfo, cur)
		if !ok {
			continue
		}
		fn, body, ok := function(start)
		if !ok {
			continue
		}
		r := &readers{pass: pass, fn: fn, start: start, reported: reported}
		if !r.synchronised() {
			for v, read := range r.reads(cur) {
				if !within(v, cur.Node()) {
					r.check(newGraph(pass.TypesInfo, body), v, read)
				}
			}
		}
	}
	return nil, nil
}

// started returns the statement that starts the function literal at lit on a
// goroutine of its own: go, or the method Go of sync.WaitGroup or errgroup.Group.
func started(info *types.Info, lit inspector.Cursor) (inspector.Cursor, bool) {
	call, ok := lit.Parent().Node().(*ast.CallExpr)
	if !ok {
		return lit, false
	}
	if g, ok := lit.Parent().Parent().Node().(*ast.GoStmt); ok {
		return lit.Parent().Parent(), g.Call.Fun == lit.Node()
	}
	return lit.Parent(), isGo(callee(info, call))
}

// isGo reports whether fn starts its argument on a goroutine.
func isGo(fn *types.Func) bool {
	return isMethod(fn, "sync", "WaitGroup", "Go") ||
		isMethod(fn, "golang.org/x/sync/errgroup", "Group", "Go", "TryGo")
}

// A readers looks for a second reader of what the goroutine of start reads.
type readers struct {
	pass     *analysis.Pass
	fn       inspector.Cursor // the function that has start
	start    inspector.Cursor // starts the goroutine
	reported map[ast.Node]bool
}

// synchronised reports whether the function has means to take turns.
func (r *readers) synchronised() bool {
	for c := range outermost(r.fn).Preorder((*ast.SelectorExpr)(nil)) {
		switch c.Node().(*ast.SelectorExpr).Sel.Name {
		case "ErrConcurrentRead", "Lock", "TryLock":
			return true
		}
	}
	return false
}

// readOf returns the Conn's variable if the call at cur reads.
func (r *readers) readOf(cur inspector.Cursor) *types.Var {
	call := cur.Node().(*ast.CallExpr)
	fn := callee(r.pass.TypesInfo, call)
	if isMethod(fn, websocketPath, "Conn", "Messages") {
		if loop, ok := cur.Parent().Node().(*ast.RangeStmt); !ok || loop.X != call {
			return nil
		}
	} else if !isMethod(fn, websocketPath, "Conn", "Read", "AppendRead", "Reader", "ReadJSON") {
		return nil
	}
	return variable(r.pass.TypesInfo, receiver(call))
}

// reads returns what the goroutine of the literal at lit reads before it waits for
// anything, with one read of each.
func (r *readers) reads(lit inspector.Cursor) map[*types.Var]ast.Node {
	found := make(map[*types.Var]ast.Node)
	for c := range lit.Preorder((*ast.CallExpr)(nil)) {
		if v := r.readOf(c); v != nil && found[v] == nil && sameFunction(c, lit) {
			if !r.waitsBefore(lit, c.Node().Pos()) {
				found[v] = c.Node()
			}
		}
	}
	return found
}

// waitsBefore reports whether the literal waits somewhere before p.
func (r *readers) waitsBefore(lit inspector.Cursor, p token.Pos) bool {
	for _, s := range lit.Node().(*ast.FuncLit).Body.List {
		if s.Pos() < p && waits(r.pass.TypesInfo, s) {
			return true
		}
	}
	return false
}

// check reports what else reads v from start on.
func (r *readers) check(g *graph, v *types.Var, first ast.Node) {
	second := make(map[ast.Node]ast.Node) // reads, and the part of the function each is in
	for c := range r.fn.Preorder((*ast.CallExpr)(nil), (*ast.FuncLit)(nil)) {
		if lit, ok := c.Node().(*ast.FuncLit); ok {
			if at, ok := started(r.pass.TypesInfo, c); ok && sameFunction(at, r.fn) {
				if read := r.reads(c)[v]; read != nil && !within(v, lit) {
					second[read] = at.Node()
				}
			}
		} else if r.readOf(c) == v && sameFunction(c, r.fn) {
			second[c.Node()] = c.Node()
		}
	}
	visit := func(n ast.Node) bool {
		if _, ok := n.(*ast.DeferStmt); ok {
			return true
		}
		for read, at := range second {
			if within(at, n) {
				r.report(v, first, read)
			}
		}
		return !waits(r.pass.TypesInfo, n) && !assigns(r.pass.TypesInfo, n, v)
	}
	g.follow(r.start.Node(), visit, func(b *cfg.Block) []*cfg.Block {
		return r.sameTurn(b, v)
	})
}

// sameTurn returns the successors of b that are not another turn of a loop that
// declares v, nor a loop that waits for a channel.
func (r *readers) sameTurn(b *cfg.Block, v *types.Var) (same []*cfg.Block) {
	for _, s := range b.Succs {
		switch s.Kind {
		case cfg.KindForLoop, cfg.KindForBody, cfg.KindForPost, cfg.KindRangeLoop:
			if within(v, s.Stmt) {
				continue
			}
			if loop, ok := s.Stmt.(*ast.RangeStmt); ok && isChan(r.pass.TypesInfo, loop.X) {
				continue
			}
		}
		same = append(same, s)
	}
	return same
}

// assigns reports whether n gives v another value.
func assigns(info *types.Info, n ast.Node, v *types.Var) bool {
	a, ok := n.(*ast.AssignStmt)
	if !ok {
		return false
	}
	for _, lhs := range a.Lhs {
		if variable(info, lhs) == v {
			return true
		}
	}
	return false
}

// report gives the alarm, once for a read.
func (r *readers) report(v *types.Var, first, second ast.Node) {
	if r.reported[second] {
		return
	}
	r.reported[second] = true
	r.reported[first] = true
	at := r.pass.Fset.Position(r.start.Node().Pos()).Line
	message := fmt.Sprintf("%s is read here and by the goroutine that line %d starts, but one goroutine reads a Conn and another gets ErrConcurrentRead: read in one and hand the messages on", v.Name(), at)
	if first == second {
		message = fmt.Sprintf("%s is read by every goroutine that line %d starts, but one goroutine reads a Conn and another gets ErrConcurrentRead: read in one and hand the messages on", v.Name(), at)
	}
	report(r.pass, second, message)
}
