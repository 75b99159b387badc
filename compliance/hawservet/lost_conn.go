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

// LostConn reports a Conn of websocket.Accept or websocket.Dial that a function
// keeps to itself and does not close: on no path, or not on one that returns before
// the Close. A Conn that is returned, stored, passed on or made a net.Conn is
// somebody else's to close from there on, unless it is only passed to functions of
// the same package that read and write. A Handler closes its Conns itself.
var LostConn = &analysis.Analyzer{
	Name: "lostconn",
	Doc: `report Conns of Accept and Dial that are not closed

Close or CloseNow must be called in the end, on every path: defer
c.CloseNow() once the error of Accept or Dial has been looked at.`,
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

// checkConn looks at what becomes of the Conn of call.
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
		// A test expects that there is no Conn.
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
	if l.handsOn {
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

// A lost is a Conn that may be.
type trackedConn struct {
	info      *types.Info
	borrowers *borrowers
	conn      *types.Var
	results   []ast.Expr // beside conn, of the call that made it
	tied      map[types.Object]bool
	ends      []ast.Node // uses of conn that close it or hand it on
	handsOn   bool       // one of them hands it on
	defs      []ast.Node // uses that assign it anew
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

// tie notes variables whose values come from the error of the call.
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

// isTied reports whether n mentions a variable that tells whether there is a Conn.
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

// use notes what one mention of the Conn does with it.
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
		l.handsOn = true
	}
}

// goesWithError reports whether the Conn at id is an argument beside the error of the
// call, for somebody else to find out whether there is one.
func (l *trackedConn) goesWithError(id inspector.Cursor) bool {
	call, ok := id.Parent().Node().(*ast.CallExpr)
	return ok && l.isTied(call)
}

// leak returns the end of a path from call on which the Conn is open: a return
// statement, or the call itself in the next turn of a loop. If there is a Close or
// the like it is a return that stands before it: a later one may hang on a condition
// that held before.
func (l *trackedConn) leak(g *graph, call *ast.CallExpr) (leak ast.Node) {
	var last token.Pos
	for _, e := range l.ends {
		last = max(last, e.Pos())
	}
	starts := []ast.Node{call} // and assignments after which an error tells of something else
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

// overwrites returns the error of the call if n gives its variable that of
// something else.
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

// isEnd reports whether n closes the Conn, hands it on, or gives its variable
// another.
func (l *trackedConn) isEnd(n ast.Node) bool {
	is := func(e ast.Node) bool { return within(e, n) }
	return slices.ContainsFunc(l.ends, is) || slices.ContainsFunc(l.defs, is)
}

// branch returns the successors of b at which there may be a Conn: those of
// err == nil, and none where it is not understood what a condition says of it. What
// stale holds says nothing.
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

// nilCheck returns what cond compares with nil, and whether for being equal.
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
