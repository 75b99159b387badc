package hawservet

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"
)

// OpenWriter reports messages that a goroutine begins before it closes its own MessageWriter of the same
// Conn. Such messages wait until the writer is closed. OpenWriter analyzes writers that one function opens,
// writes to and closes. It reports writes that follow the call of Writer and precede any Close on every path.
// A deferred Close is too late for them.
var OpenWriter = &analysis.Analyzer{
	Name: "openwriter",
	Doc: `report messages that wait for an open MessageWriter of their own goroutine

Other messages wait until a MessageWriter is closed. Its own goroutine cannot
close it while it waits, and gets ErrMessageOpen after Limits.WriteTimeout.`,
	URL:      about + "openwriter",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runOpenWriter,
}

func runOpenWriter(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	for cur := range in.Root().Preorder((*ast.AssignStmt)(nil)) {
		n := cur.Node().(*ast.AssignStmt)
		if len(n.Lhs) != 2 || len(n.Rhs) != 1 ||
			!isMethod(callee(pass.TypesInfo, n.Rhs[0]), websocketPath, "Conn", "Writer", "PlainWriter") {
			continue
		}
		fn, body, ok := function(cur)
		call := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
		w := variable(pass.TypesInfo, n.Lhs[0])
		c, ok2 := placeOf(pass.TypesInfo, receiver(call))
		if !ok || !ok2 || w == nil || !within(w, body) || isGlobal(c.v) {
			continue
		}
		o := &trackedWriter{info: pass.TypesInfo, origin: n, writer: w, conn: c}
		if o.collect(fn) {
			for _, call := range o.waiting(newGraph(pass.TypesInfo, body), cur) {
				report(pass, call, fmt.Sprintf("Conn.%s waits for %s, "+
					"which was opened at line %d and is still open, "+
					"and then fails with ErrMessageOpen: call %[2]s.Close() first",
					callee(pass.TypesInfo, call).Name(), w.Name(), pass.Fset.Position(n.Pos()).Line))
			}
		}
	}
	return nil, nil
}

// A trackedWriter is a MessageWriter that a function opens.
type trackedWriter struct {
	info   *types.Info
	origin *ast.AssignStmt
	writer *types.Var
	conn   place
	closes []ast.Node // the calls of its Close that are not deferred
}

// collect finds the calls of Close. It returns false if other code may close the writer.
func (o *trackedWriter) collect(fn inspector.Cursor) bool {
	for id := range outermost(fn).Preorder((*ast.Ident)(nil)) {
		if o.info.Uses[id.Node().(*ast.Ident)] != o.writer {
			continue
		}
		deferred := false
		for c := range id.Enclosing((*ast.DeferStmt)(nil), (*ast.GoStmt)(nil)) {
			if _, ok := c.Node().(*ast.GoStmt); ok {
				return false
			}
			deferred = deferred || within(c.Node(), fn.Node())
		}
		sel, ok := id.Parent().Node().(*ast.SelectorExpr)
		switch {
		case !ok && mayClose(o.info, id), !deferred && !sameFunction(id, fn):
			return false
		case ok:
			call, isCall := id.Parent().Parent().Node().(*ast.CallExpr)
			if !isCall || call.Fun != sel {
				return false // a method value
			}
			if sel.Sel.Name == "Close" && !deferred {
				o.closes = append(o.closes, call)
			}
		}
	}
	return true
}

// waiting returns the calls that certainly wait for the writer. They are reached only from its origin, and
// not from a call of Close.
func (o *trackedWriter) waiting(g *graph, cur inspector.Cursor) (found []*ast.CallExpr) {
	errs := &trackedConn{
		info: o.info, borrowers: &borrowers{info: o.info},
		conn: o.writer, results: o.origin.Lhs[1:],
	}
	errs.collect(cur)
	g.follow(o.origin, func(n ast.Node) bool {
		if o.ends(n) {
			return false
		}
		call := o.begins(n)
		if call != nil {
			found = append(found, call)
		}
		return call == nil // one finding is enough
	}, func(b *cfg.Block) []*cfg.Block { return errs.branch(b, nil) })
	if len(found) == 0 {
		return nil
	}
	drop := func(n ast.Node) bool {
		if n == ast.Node(o.origin) {
			return false
		}
		found = slices.DeleteFunc(found, func(call *ast.CallExpr) bool { return within(call, n) })
		return true
	}
	g.follow(nil, drop, nil)
	for _, n := range o.closes {
		g.follow(n, drop, nil)
	}
	return found
}

// ends reports whether, after n, the writer or its Conn is closed, or either variable may have another value.
func (o *trackedWriter) ends(n ast.Node) bool {
	if slices.ContainsFunc(o.closes, func(c ast.Node) bool { return within(c, n) }) ||
		assigns(o.info, n, place{v: o.writer}) && n != ast.Node(o.origin) || assigns(o.info, n, o.conn) {
		return true
	}
	found := false
	inspectOwn(n, func(call *ast.CallExpr) {
		p, ok := placeOf(o.info, receiver(call))
		closes := isMethod(callee(o.info, call), websocketPath, "Conn", "Close", "CloseNow", "Abort")
		found = found || ok && p == o.conn && closes || o.conn.fields != "" && names(o.info, call, o.conn.v)
	})
	return found
}

// begins returns the call within n that begins a message on the same Conn, or nil.
func (o *trackedWriter) begins(n ast.Node) (found *ast.CallExpr) {
	inspectOwn(n, func(call *ast.CallExpr) {
		if isMethodExpr(o.info, call) || !isMethod(callee(o.info, call), websocketPath, "Conn", "Writer",
			"PlainWriter", "Write", "WriteBuffers", "WriteJSON", "WritePlain", "WritePrepared") {
			return
		}
		if p, ok := placeOf(o.info, receiver(call)); ok && p == o.conn {
			found = call
		}
	})
	return found
}

// inspectOwn calls f for the calls in n, a node of a control flow, that run when n runs. It skips deferred
// calls, calls of go statements and calls in function literals.
func inspectOwn(n ast.Node, f func(*ast.CallExpr)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt, *ast.BlockStmt:
			return false
		case *ast.CallExpr:
			f(n)
		}
		return true
	})
}
