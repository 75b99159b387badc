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

// TwoReaders reports a Conn in a variable or field that is read by a goroutine and, while that goroutine may
// run, by the function that started it or by another goroutine of that function. Only one goroutine may read
// a Conn. Another one gets websocket.ErrConcurrentRead. TwoReaders also analyzes the functions and methods of
// the same package that are called. It does not report reads after a send or a receive on a channel, after a
// call of Wait, or after any other call that may wait for the goroutine. Nor does it report functions that
// mention Lock, Acquire, SetLimit or ErrConcurrentRead.
var TwoReaders = &analysis.Analyzer{
	Name: "tworeaders",
	Doc: `report Conns that two goroutines read at the same time

Only one goroutine may read a Conn. Another one gets ErrConcurrentRead. Read
in one goroutine, and pass the messages to the others.`,
	URL:      about + "tworeaders",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runTwoReaders,
}

func runTwoReaders(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	calls := newCallGraph(pass, in)
	reported := make(map[token.Pos]bool)
	for start := range in.Root().Preorder((*ast.GoStmt)(nil), (*ast.CallExpr)(nil)) {
		call, ok := started(pass.TypesInfo, start.Node())
		if !ok {
			continue
		}
		fn, body, ok := function(start)
		if !ok || takesTurns(outermost(start)) {
			continue
		}
		r := &readers{pass: pass, calls: calls, fn: fn, start: start, reported: reported}
		for p, read := range calls.readsOf(start, call) {
			r.check(newGraph(pass.TypesInfo, body), p, read)
		}
	}
	return nil, nil
}

// started returns the call that n runs on a new goroutine, if n is a go statement or a call of the method Go
// of sync.WaitGroup or errgroup.Group.
func started(info *types.Info, n ast.Node) (*ast.CallExpr, bool) {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call, true
	case *ast.CallExpr:
		if isGo(callee(info, n)) && len(n.Args) == 1 {
			return &ast.CallExpr{Fun: n.Args[0], Lparen: n.Rparen, Rparen: n.Rparen}, true
		}
	}
	return nil, false
}

// isGo reports whether fn runs its argument on a new goroutine.
func isGo(fn *types.Func) bool {
	return isMethod(fn, "sync", "WaitGroup", "Go") ||
		isMethod(fn, "golang.org/x/sync/errgroup", "Group", "Go", "TryGo")
}

// A readers finds a second reader of the Conns that the goroutine of start reads.
type readers struct {
	pass     *analysis.Pass
	calls    *callGraph
	fn       inspector.Cursor // the function that contains start
	start    inspector.Cursor // the statement or call that starts the goroutine
	reported map[token.Pos]bool
}

// check reports the other reads of p after start.
func (r *readers) check(g *graph, p place, first ast.Node) {
	second := r.allReads(p)
	shared, once := r.shared(), r.startsOnce()
	visit := func(n ast.Node) bool {
		if _, ok := n.(*ast.DeferStmt); ok {
			return true
		}
		for read, at := range second {
			if within(at, n) {
				r.report(p, first, read)
			}
		}
		return !r.maySettle(n, shared) && !assigns(r.pass.TypesInfo, n, p)
	}
	g.follow(r.start.Node(), visit, func(b *cfg.Block) []*cfg.Block {
		next := r.sameTurn(b, p.v, once)
		for _, s := range next {
			loop, ok := s.Stmt.(*ast.RangeStmt)
			if ok && s.Kind == cfg.KindRangeLoop && second[loop.X] != nil {
				r.report(p, first, loop.X) // the loop continues to read
			}
		}
		return next
	})
}

// allReads returns the reads of p by the function and by the goroutines that it starts, each with the node of
// the function that contains it.
func (r *readers) allReads(p place) map[ast.Node]ast.Node {
	found := make(map[ast.Node]ast.Node)
	for c := range r.fn.Preorder((*ast.GoStmt)(nil), (*ast.CallExpr)(nil)) {
		if !sameFunction(c, r.fn) {
			continue
		}
		call, ok := started(r.pass.TypesInfo, c.Node())
		if !ok {
			if call, ok = c.Node().(*ast.CallExpr); !ok || isLater(c) {
				continue
			}
		}
		if read := r.calls.readsOf(c, call)[p]; read != nil {
			found[read] = c.Node()
		}
	}
	return found
}

// shared returns the variables with which the goroutine could report that it has read: those that start
// mentions, except Conns and contexts.
func (r *readers) shared() map[*types.Var]bool {
	found := make(map[*types.Var]bool)
	for c := range r.start.Preorder((*ast.Ident)(nil)) {
		v := variable(r.pass.TypesInfo, c.Node().(*ast.Ident))
		if v == nil || isType(v.Type(), websocketPath, "Conn") || isType(v.Type(), "context", "Context") {
			continue
		}
		found[v] = true
	}
	return found
}

// maySettle reports whether the function may wait in n for the goroutine or for its turn: on a channel, on a
// stream, or in an unknown function that can reach the goroutine.
func (r *readers) maySettle(n ast.Node, shared map[*types.Var]bool) bool {
	if _, ok := n.(*ast.SendStmt); ok || waits(r.pass.TypesInfo, n) {
		return true
	}
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			if !isQuiet(r.pass.TypesInfo, n) {
				fn := callee(r.pass.TypesInfo, n)
				found = found || fn == nil || isStream(fn) || r.mentions(n, shared)
			}
		}
		return !found
	})
	return found
}

// isStream reports whether fn may read from a pipe that the goroutine writes to.
func isStream(fn *types.Func) bool {
	return fn.Pkg() != nil && (fn.Pkg().Path() == "io" || fn.Pkg().Path() == "bufio") || fn.Name() == "Decode"
}

// mentions reports whether n mentions one of vars.
func (r *readers) mentions(n ast.Node, vars map[*types.Var]bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			found = found || vars[variable(r.pass.TypesInfo, id)]
		}
		return !found
	})
	return found
}

// sameTurn returns the successors of b, except the next iteration of the loop once or of a loop that declares
// v, and except a loop over a channel.
func (r *readers) sameTurn(b *cfg.Block, v *types.Var, once ast.Stmt) (same []*cfg.Block) {
	for _, s := range b.Succs {
		switch s.Kind {
		case cfg.KindRangeBody:
			if s.Stmt == once {
				continue
			}
		case cfg.KindForLoop, cfg.KindForBody, cfg.KindForPost, cfg.KindRangeLoop:
			if within(v, s.Stmt) || s.Stmt == once && s.Kind == cfg.KindForBody {
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

// startsOnce returns the innermost loop around the start of the goroutine if the start depends on a condition
// in the loop, which may be true in only one iteration.
func (r *readers) startsOnce() (loop ast.Stmt) {
	conditional := false
	for c := range r.start.Enclosing((*ast.IfStmt)(nil), (*ast.CaseClause)(nil), (*ast.CommClause)(nil),
		(*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), r.fn.Node()) {
		switch n := c.Node().(type) {
		case *ast.IfStmt, *ast.CaseClause, *ast.CommClause:
			conditional = true
		case *ast.ForStmt, *ast.RangeStmt:
			if conditional {
				return n.(ast.Stmt)
			}
			return nil
		default:
			return nil
		}
	}
	return nil
}

// report reports a second read, once for each read.
func (r *readers) report(p place, first, second ast.Node) {
	if r.reported[second.Pos()] {
		return
	}
	r.reported[second.Pos()] = true
	r.reported[first.Pos()] = true
	at := r.pass.Fset.Position(r.start.Node().Pos()).Line
	who := "here and by the goroutine"
	if first.Pos() == second.Pos() {
		who = "by every goroutine"
	}
	report(r.pass, second, fmt.Sprintf("%v is read %s that line %d starts, "+
		"but only one goroutine may read a Conn, and another gets ErrConcurrentRead: "+
		"read in one goroutine, and pass the messages to the others", p, who, at))
}
