package hawservet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

// LostConn reports a Conn of websocket.Accept or websocket.Dial that a function neither closes nor hands
// over, and a Conn that is still open on a path that returns before the Close. A Conn that is returned,
// stored, passed to a function or made a net.Conn is handed over: other code must close it from there on. A
// function of the same package that only reads and writes does not take it over. A Handler closes its Conns
// itself.
var LostConn = &analysis.Analyzer{
	Name: "lostconn",
	Doc: `report Conns of Accept and Dial that are not closed

Close or CloseNow must be called on every path: defer c.CloseNow() after
the check of the error of Accept or Dial.`,
	URL:      about + "lostconn",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runLostConn,
}

func runLostConn(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	b := &borrowers{pass.TypesInfo, declarations(pass.TypesInfo, in), make(map[*types.Var]bool)}
	for cur := range in.Root().Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if fn := callee(pass.TypesInfo, call); isFunc(fn, websocketPath, "Accept", "Dial") {
			checkConn(pass, b, cur, call, fn.Name())
		}
	}
	return nil, nil
}

// checkConn checks that the Conn of call is closed or handed over.
func checkConn(pass *analysis.Pass, b *borrowers, cur inspector.Cursor, call *ast.CallExpr, name string) {
	var results []ast.Expr
	switch p := cur.Parent().Node().(type) {
	case *ast.ExprStmt:
	case *ast.AssignStmt:
		results = p.Lhs
	case *ast.ValueSpec:
		for _, id := range p.Names {
			results = append(results, id)
		}
	default:
		return
	}
	if len(results) == 0 || isBlank(results[0]) {
		// A test may expect that there is no Conn.
		if !isTest(pass, call.Pos()) {
			report(pass, call, "the Conn of "+name+" is discarded, but Close or CloseNow must be called: "+
				"keep it, and close it")
		}
		return
	}
	_, body, ok := function(cur)
	v := variable(pass.TypesInfo, results[0])
	if !ok || v == nil || !within(v, body) {
		return // a field, a result, or a variable of a function around this one
	}
	l := &trackedConn{info: pass.TypesInfo, borrowers: b, conn: v, results: results[1:]}
	l.collect(cur)
	leak := l.leak(newGraph(pass.TypesInfo, body), call)
	if leak == nil {
		return
	}
	if len(l.ends) == 0 {
		report(pass, results[0], fmt.Sprintf("%s, the Conn of %s, is never closed, "+
			"but Close or CloseNow must be called: defer %[1]s.CloseNow()", v.Name(), name))
		return
	}
	advice := "defer %[1]s.CloseNow() after the check of the error"
	if l.handsOver {
		advice = "call %[1]s.CloseNow() before that return"
	}
	report(pass, results[0], fmt.Sprintf("%[1]s, the Conn of %[2]s, "+
		"is not closed on the path to the return at line %[3]d, "+
		"but Close or CloseNow must be called: "+advice, v.Name(), name, pass.Fset.Position(leak.Pos()).Line))
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// A trackedConn is a Conn whose uses in a function are followed.
type trackedConn struct {
	info      *types.Info
	borrowers *borrowers
	conn      *types.Var
	results   []ast.Expr // the other results of the call that made conn
	tied      map[types.Object]bool
	ends      []ast.Node // uses of conn that close it or hand it over
	handsOver bool       // one of them hands it over
	defs      []ast.Node // assignments to conn
}

// collect finds the uses of the Conn in the function around cur.
func (l *trackedConn) collect(cur inspector.Cursor) {
	fn, _, _ := function(cur)
	l.tied = make(map[types.Object]bool)
	for _, e := range l.results {
		if v := variable(l.info, e); v != nil {
			l.tied[v] = true
		}
	}
	for c := range fn.Preorder((*ast.Ident)(nil), (*ast.AssignStmt)(nil)) {
		switch n := c.Node().(type) {
		case *ast.Ident:
			if l.info.Uses[n] == l.conn {
				l.use(c)
			}
		case *ast.AssignStmt:
			l.tie(n)
		}
	}
}

// tie records the variables whose values depend on the error of the call.
func (l *trackedConn) tie(n *ast.AssignStmt) {
	for _, rhs := range n.Rhs {
		if !l.isTied(rhs) {
			continue
		}
		for _, lhs := range n.Lhs {
			if v := variable(l.info, lhs); v != nil && v != l.conn {
				l.tied[v] = true
			}
		}
	}
}

// isTied reports whether n mentions a variable that depends on whether there is a Conn.
func (l *trackedConn) isTied(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && l.tied[l.info.ObjectOf(id)] {
			found = true
		}
		return !found
	})
	return found
}

// use records a use of the Conn.
func (l *trackedConn) use(id inspector.Cursor) {
	if l.borrowers.isBorrowed(id) && !l.goesWithError(id) {
		return
	}
	if p, ok := id.Parent().Node().(*ast.AssignStmt); ok && slices.Contains(p.Lhs, id.Node().(ast.Expr)) {
		l.defs = append(l.defs, p)
		return
	}
	l.ends = append(l.ends, id.Node())
	if _, ok := id.Parent().Node().(*ast.SelectorExpr); !ok {
		l.handsOver = true
	}
}

// goesWithError reports whether the Conn at id is an argument together with the error of the call, so that
// the called function checks the error.
func (l *trackedConn) goesWithError(id inspector.Cursor) bool {
	call, ok := id.Parent().Node().(*ast.CallExpr)
	return ok && l.isTied(call)
}

// leak returns the end of a path from call on which the Conn is open: a return statement, or the call itself
// in the next iteration of a loop. If the function closes the Conn or hands it over, only returns before that
// count, because a later one may depend on the same condition.
func (l *trackedConn) leak(g *graph, call *ast.CallExpr) (leak ast.Node) {
	var last token.Pos
	for _, e := range l.ends {
		last = max(last, e.Pos())
	}
	starts := []ast.Node{call} // and assignments that overwrite the error of the call
	for i := 0; i < len(starts) && leak == nil; i++ {
		visit := func(n ast.Node) bool {
			_, isReturn := n.(*ast.ReturnStmt)
			switch {
			case leak != nil || l.isEnd(n):
			case within(call, n):
				if len(l.ends) == 0 {
					leak = n
				}
			case isReturn:
				if len(l.ends) == 0 || n.Pos() < last {
					leak = n
				}
			case l.overwrites(n) != nil:
				if !slices.Contains(starts, n) {
					starts = append(starts, n)
				}
			default:
				return true
			}
			return false
		}
		stale := l.overwrites(starts[i])
		g.follow(starts[i], visit, func(b *cfg.Block) []*cfg.Block { return l.branch(b, stale) })
	}
	return leak
}

// overwrites returns the variable of the call's error if n assigns another error to it.
func (l *trackedConn) overwrites(n ast.Node) *types.Var {
	a, ok := n.(*ast.AssignStmt)
	if !ok || slices.ContainsFunc(a.Rhs, func(e ast.Expr) bool { return l.isTied(e) }) {
		return nil
	}
	for _, lhs := range a.Lhs {
		if v := variable(l.info, lhs); v != nil && l.tied[v] && isError(v) {
			return v
		}
	}
	return nil
}

// isEnd reports whether n closes the Conn, hands it over, or assigns to its variable.
func (l *trackedConn) isEnd(n ast.Node) bool {
	is := func(e ast.Node) bool { return within(e, n) }
	return slices.ContainsFunc(l.ends, is) || slices.ContainsFunc(l.defs, is)
}

// branch returns the successors of b in which there may be a Conn: those where err is nil. It returns none if
// it does not understand what a condition says about the Conn. The variable stale says nothing about it.
func (l *trackedConn) branch(b *cfg.Block, stale *types.Var) []*cfg.Block {
	if len(b.Succs) < 2 || len(b.Nodes) == 0 {
		return b.Succs
	}
	last := b.Nodes[len(b.Nodes)-1]
	if cond, ok := last.(ast.Expr); ok {
		if x, equal := nilCheck(l.info, cond); x != nil {
			switch v := variable(l.info, x); {
			case v == nil:
			case v == stale:
				return b.Succs
			case v == l.conn && equal, l.tied[v] && isError(v) && !equal:
				return b.Succs[1:2]
			case v == l.conn, l.tied[v] && isError(v):
				return b.Succs[:1]
			}
		}
	}
	if l.isTied(last) {
		return nil
	}
	return b.Succs
}

// nilCheck returns the expression that cond compares with nil, and whether cond is true if they are equal.
func nilCheck(info *types.Info, cond ast.Expr) (x ast.Expr, equal bool) {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok || b.Op != token.EQL && b.Op != token.NEQ {
		return nil, false
	}
	switch {
	case info.Types[b.Y].IsNil():
		return ast.Unparen(b.X), b.Op == token.EQL
	case info.Types[b.X].IsNil():
		return ast.Unparen(b.Y), b.Op == token.EQL
	}
	return nil, false
}

func isError(v *types.Var) bool {
	return types.Identical(v.Type(), types.Universe.Lookup("error").Type())
}
