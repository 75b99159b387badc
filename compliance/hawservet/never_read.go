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

// NeverRead reports a Conn that is written and stays open, but is never read. It analyzes the Conns of
// websocket.Accept, Dial and NewConn, and those that a Handler passes to its Serve function. A Conn stays
// open if the function waits before it closes the Conn, writes in a loop that waits or has no condition, or
// calls Ping. NeverRead follows the Conn into function literals and into functions of the same package. If
// the Conn is passed on in another way, returned, stored or made a net.Conn, other code may read it, and
// nothing is reported. Tests are not analyzed.
var NeverRead = &analysis.Analyzer{
	Name: "neverread",
	Doc: `report Conns that are written but never read

Only a read answers pings and notices that the peer has left. Call CloseRead
if the program only sends.`,
	URL:      about + "neverread",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runNeverRead,
}

func runNeverRead(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	decls := declarations(pass.TypesInfo, in)
	reported := make(map[token.Pos]bool)
	check := func(at, fn inspector.Cursor, v *types.Var, name ast.Expr, of string) {
		w := &unreadConn{info: pass.TypesInfo, decls: decls, at: at, fn: fn, known: make(map[*types.Var]bool)}
		if isTest(pass, name.Pos()) || reported[name.Pos()] || !w.follow(fn, v) || !w.writes ||
			!w.staysOpen && !w.waitsBeforeClose(v) {
			return
		}
		reported[name.Pos()] = true
		report(pass, name, fmt.Sprintf("%s, the Conn of %s, is written but never read, "+
			"so pings are not answered and the peer's close goes unnoticed: "+
			"call %[1]s.CloseRead()", v.Name(), of))
	}
	for cur := range in.Root().Preorder((*ast.AssignStmt)(nil), (*ast.KeyValueExpr)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			fn, body, ok := function(cur)
			v, made := variable(pass.TypesInfo, n.Lhs[0]), callee(pass.TypesInfo, n.Rhs[0])
			if ok && v != nil && within(v, body) && isFunc(made, websocketPath, "Accept", "Dial", "NewConn") {
				check(cur, fn, v, n.Lhs[0], made.Name())
			}
		case *ast.KeyValueExpr:
			if fn, param := serveOf(pass.TypesInfo, decls, cur); param != nil {
				check(cur, fn, pass.TypesInfo.Defs[param].(*types.Var), param, "a Handler")
			}
		}
	}
	return nil, nil
}

// serveOf returns the function at cur, an element of a composite literal, and its parameter for the Conn, if
// it is the Serve function of a Handler and in this package.
func serveOf(info *types.Info, decls map[*types.Func]inspector.Cursor, cur inspector.Cursor) (
	fn inspector.Cursor, param *ast.Ident) {
	n := cur.Node().(*ast.KeyValueExpr)
	if key, ok := n.Key.(*ast.Ident); !ok || key.Name != "Serve" ||
		!isType(info.TypeOf(cur.Parent().Node().(ast.Expr)), websocketPath, "Handler") {
		return cur, nil
	}
	var t *ast.FuncType
	switch e := ast.Unparen(definition(info, cur, n.Value)).(type) {
	case *ast.FuncLit:
		fn, _ = outermost(cur).FindNode(e)
		t = e.Type
	case *ast.Ident:
		fn, t = declarationOf(info, decls, e)
	case *ast.SelectorExpr:
		fn, t = declarationOf(info, decls, e.Sel)
	}
	if t == nil {
		return cur, nil
	}
	var names []*ast.Ident
	for _, f := range t.Params.List {
		names = append(names, f.Names...)
	}
	if len(names) != 2 || names[1].Name == "_" {
		return cur, nil
	}
	return fn, names[1]
}

// declarationOf returns the declaration of the function that id names, and its type, or nil.
func declarationOf(info *types.Info, decls map[*types.Func]inspector.Cursor, id *ast.Ident) (
	inspector.Cursor, *ast.FuncType) {
	fn, ok := info.Uses[id].(*types.Func)
	if !ok {
		return inspector.Cursor{}, nil
	}
	cur, ok := decls[fn.Origin()]
	if !ok {
		return inspector.Cursor{}, nil
	}
	return cur, cur.Node().(*ast.FuncDecl).Type
}

// An unreadConn is a Conn that is never read, as far as its uses have been followed.
type unreadConn struct {
	info      *types.Info
	decls     map[*types.Func]inspector.Cursor
	at        inspector.Cursor    // where the Conn comes from: an assignment, or an element of a Handler
	fn        inspector.Cursor    // the function that gets it
	known     map[*types.Var]bool // the parameters that have been followed
	writes    bool
	staysOpen bool // something is written in a loop that waits, or Ping is called
	elsewhere bool // the Conn may be closed outside fn, at any time
}

// follow records the uses of v, which belongs to the function fn. It returns false if one of them reads the
// Conn, or may read it.
func (w *unreadConn) follow(fn inspector.Cursor, v *types.Var) bool {
	for id := range fn.Preorder((*ast.Ident)(nil)) {
		if w.info.Uses[id.Node().(*ast.Ident)] == v && !w.use(id) {
			return false
		}
	}
	return true
}

// use records a use of the Conn, and returns false if it may read the Conn. A method value is as good as a
// call.
func (w *unreadConn) use(id inspector.Cursor) bool {
	switch p := id.Parent().Node().(type) {
	case *ast.SelectorExpr:
		fn, _ := w.info.Uses[p.Sel].(*types.Func)
		switch {
		case isMethod(fn, websocketPath, "Conn", "Ping"):
			w.writes, w.staysOpen = true, true
		case isMethod(fn, websocketPath, "Conn", "PlainWriter", "Write", "WriteBuffers", "WriteControl",
			"WriteJSON", "WritePlain", "WritePrepared", "Writer"):
			w.writes = true
			w.inLoop(id)
		case isMethod(fn, websocketPath, "Conn", "Abort", "Close", "CloseNow"):
			w.elsewhere = w.elsewhere || !sameFunction(id, w.fn) && !w.isDeferred(id)
		case isMethod(fn, websocketPath, "Conn", "Closure", "Context", "Extension", "LocalAddr", "OnControl",
			"RemoteAddr", "SetMaxMessage", "Stats", "Subprotocol", "TLS", "Unsent"):
		default:
			return false
		}
		return true
	case *ast.BinaryExpr:
		return true
	case *ast.AssignStmt:
		isUse := func(e ast.Expr) bool { return e == id.Node() }
		return !slices.ContainsFunc(p.Rhs, isUse) || !slices.ContainsFunc(p.Lhs, func(e ast.Expr) bool {
			return !isBlank(e)
		})
	case *ast.CallExpr:
		return w.pass(id, p)
	}
	return false
}

// pass follows the Conn at id, an argument of call, into the called function.
func (w *unreadConn) pass(id inspector.Cursor, call *ast.CallExpr) bool {
	var fn inspector.Cursor
	var ok bool
	if lit, isLit := ast.Unparen(call.Fun).(*ast.FuncLit); isLit {
		fn, ok = id.Parent().FindNode(lit)
	} else if f := callee(w.info, call); f != nil && !isMethodExpr(w.info, call) {
		fn, ok = w.decls[f.Origin()]
	}
	if !ok {
		return false
	}
	t := signature(w.info, fn.Node())
	i := slices.Index(call.Args, id.Node().(ast.Expr))
	if i < 0 || i >= t.Params().Len() {
		return false
	}
	if param := t.Params().At(i); !w.known[param] {
		w.known[param] = true
		if !w.follow(fn, param) {
			return false
		}
	}
	if w.writes {
		w.inLoop(id)
	}
	return true
}

// inLoop records that the Conn is written at id, if that is in a loop that waits or has no condition. Loops
// around the place where it comes from do not count.
func (w *unreadConn) inLoop(id inspector.Cursor) {
	for c := range id.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil),
		(*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		endless := false
		switch n := c.Node().(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return
		case *ast.ForStmt:
			endless = n.Cond == nil
		}
		if within(w.at.Node(), c.Node()) {
			return
		}
		w.staysOpen = w.staysOpen || endless || waitsIn(w.info, c.Node())
	}
}

// isDeferred reports whether id is in a function literal that the function defers.
func (w *unreadConn) isDeferred(id inspector.Cursor) bool {
	lit, _, ok := function(id)
	if !ok || !sameFunction(lit, w.fn) {
		return false
	}
	_, ok = lit.Parent().Parent().Node().(*ast.DeferStmt)
	return ok
}

// waitsBeforeClose reports whether the function waits while v, its Conn, is certainly open: before a call
// that closes it and is not deferred.
func (w *unreadConn) waitsBeforeClose(v *types.Var) bool {
	if w.elsewhere {
		return false
	}
	var start ast.Node
	var open func(*cfg.Block) []*cfg.Block
	if a, ok := w.at.Node().(*ast.AssignStmt); ok {
		errs := &trackedConn{info: w.info, borrowers: &borrowers{info: w.info}, conn: v, results: a.Lhs[1:]}
		errs.collect(w.at)
		start, open = a, func(b *cfg.Block) []*cfg.Block { return errs.branch(b, nil) }
	}
	waits := make(map[ast.Node]bool) // false for the cases of a select statement with a default
	for c := range w.fn.Preorder((*ast.RangeStmt)(nil), (*ast.SelectStmt)(nil)) {
		switch n := c.Node().(type) {
		case *ast.RangeStmt:
			waits[n.X] = receivable(w.info, n.X)
		case *ast.SelectStmt:
			for _, clause := range n.Body.List {
				waits[clause.(*ast.CommClause).Comm] = !hasDefault(n)
			}
		}
	}
	found := false
	newGraph(w.info, bodyOf(w.fn.Node())).follow(start, func(n ast.Node) bool {
		is, ok := waits[n]
		found = found || is || !ok && waitsIn(w.info, n)
		return !found && !w.closes(n, v)
	}, open)
	return found
}

// closes reports whether n closes the Conn v.
func (w *unreadConn) closes(n ast.Node, v *types.Var) bool {
	found := false
	inspectOwn(n, func(call *ast.CallExpr) {
		found = found || isMethod(callee(w.info, call), websocketPath, "Conn", "Abort", "Close", "CloseNow") &&
			variable(w.info, receiver(call)) == v
	})
	return found
}

// waitsIn reports whether the goroutine waits in n: in a select statement without a default, for a channel,
// in time.Sleep, or in a method named Wait. It ignores function literals, and statements with go or defer.
func waitsIn(info *types.Info, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt, *ast.DeferStmt:
			return false
		case *ast.SelectStmt:
			found = found || !hasDefault(n)
		case *ast.CommClause:
			found = found || slices.ContainsFunc(n.Body, func(s ast.Stmt) bool { return waitsIn(info, s) })
			return false
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.RangeStmt:
			found = found || receivable(info, n.X)
		case *ast.CallExpr:
			found = found || isFunc(callee(info, n), "time", "Sleep") || isCallOf(n, "Wait")
		}
		return !found
	})
	return found
}

// receivable reports whether e is a channel, which may be that of a timer.
func receivable(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false // a blank variable
	}
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// hasDefault reports whether s has a default case.
func hasDefault(s *ast.SelectStmt) bool {
	return slices.ContainsFunc(s.Body.List, func(s ast.Stmt) bool { return s.(*ast.CommClause).Comm == nil })
}
