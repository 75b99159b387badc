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

// LostConn reports a Conn of websocket.Accept or websocket.Dial that a function
// keeps to itself and does not close: on no path, or not on one that returns before
// the Close. A Conn that is returned, stored, passed on or made a net.Conn is
// somebody else's to close and is not reported. A Handler closes its Conns itself.
var LostConn = &analysis.Analyzer{
	Name:     "lostconn",
	Doc:      "report Conns of Accept and Dial that are not closed",
	URL:      about + "lostconn",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runLostConn,
}

func runLostConn(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	for cur := range in.Root().Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if fn := callee(pass.TypesInfo, call); isFunc(fn, websocketPath, "Accept", "Dial") {
			checkConn(pass, cur, call, fn.Name())
		}
	}
	return nil, nil
}

// checkConn looks at what becomes of the Conn of call.
func checkConn(pass *analysis.Pass, cur inspector.Cursor, call *ast.CallExpr, name string) {
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
			report(pass, call, fmt.Sprintf("the Conn of %s is thrown away, but Close or CloseNow must be called in the end: keep it and close it", name))
		}
		return
	}
	_, body, ok := function(cur)
	v := variable(pass.TypesInfo, results[0])
	if !ok || v == nil || !within(v, body) {
		return // a field, a result, or a variable of a function around this one
	}
	l := &lost{info: pass.TypesInfo, conn: v, results: results[1:]}
	l.collect(cur, body)
	if l.escapes {
		return
	}
	ret := l.leak(newGraph(pass.TypesInfo, body), call)
	if ret == nil {
		return
	}
	if len(l.closes) == 0 {
		report(pass, results[0], fmt.Sprintf("%s of %s is never closed, but Close or CloseNow must be called in the end: defer %[1]s.CloseNow()", v.Name(), name))
		return
	}
	report(pass, results[0], fmt.Sprintf("%s of %s is not closed on the way to the return at line %d, but Close or CloseNow must be called in the end: defer %[1]s.CloseNow() once the error is looked at",
		v.Name(), name, pass.Fset.Position(ret.Pos()).Line))
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// A lost is a Conn that may be.
type lost struct {
	info    *types.Info
	conn    *types.Var
	results []ast.Expr // beside conn, of the call that made it
	tied    map[types.Object]bool
	closes  []ast.Node // uses of conn that close it
	defs    []ast.Node // uses that assign it anew
	escapes bool
}

// collect finds the uses of the Conn in the function around cur.
func (l *lost) collect(cur inspector.Cursor, body *ast.BlockStmt) {
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
func (l *lost) tie(n *ast.AssignStmt) {
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
func (l *lost) isTied(n ast.Node) bool {
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
func (l *lost) use(id inspector.Cursor) {
	switch p := id.Parent().Node().(type) {
	case *ast.SelectorExpr:
		switch p.Sel.Name {
		case "Close", "CloseNow":
			l.closes = append(l.closes, p)
		case "AsNetConn", "NetConn":
			l.escapes = true
		default:
			call, ok := id.Parent().Parent().Node().(*ast.CallExpr)
			if !ok || call.Fun != p {
				l.escapes = true // a method value
			}
		}
		return
	case *ast.BinaryExpr:
		return
	case *ast.AssignStmt:
		for _, lhs := range p.Lhs {
			if lhs == id.Node() {
				l.defs = append(l.defs, p)
				return
			}
		}
	}
	l.escapes = true
}

// leak returns a return statement that is reached from call while the Conn is open.
// If there is a Close it is one that stands before it: a later one may hang on a
// condition that held before.
func (l *lost) leak(g *graph, call *ast.CallExpr) (leak *ast.ReturnStmt) {
	var last token.Pos
	for _, c := range l.closes {
		last = max(last, c.Pos())
	}
	visit := func(n ast.Node) bool {
		if leak != nil || l.ends(n) || within(call, n) {
			return false
		}
		if ret, ok := n.(*ast.ReturnStmt); ok {
			if len(l.closes) == 0 || ret.Pos() < last {
				leak = ret
			}
			return false
		}
		return true
	}
	g.follow(call, visit, l.branch)
	return leak
}

// ends reports whether n closes the Conn, or gives its variable another.
func (l *lost) ends(n ast.Node) bool {
	for _, c := range l.closes {
		if within(c, n) {
			return true
		}
	}
	for _, d := range l.defs {
		if within(d, n) {
			return true
		}
	}
	return false
}

// branch returns the successors of b at which there may be a Conn: those of
// err == nil, and none where it is not understood what a condition says of it.
func (l *lost) branch(b *cfg.Block) []*cfg.Block {
	if len(b.Succs) < 2 || len(b.Nodes) == 0 {
		return b.Succs
	}
	last := b.Nodes[len(b.Nodes)-1]
	if cond, ok := last.(ast.Expr); ok {
		if x, equal := nilCheck(l.info, cond); x != nil {
			switch v := variable(l.info, x); {
			case v == nil:
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
