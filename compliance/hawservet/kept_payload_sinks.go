package hawservet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// check reports the places in the region that keep lent bytes.
func (l *loan) check() {
	kinds := []ast.Node{
		(*ast.GoStmt)(nil), (*ast.DeferStmt)(nil), (*ast.CallExpr)(nil),
		(*ast.SendStmt)(nil), (*ast.AssignStmt)(nil), (*ast.ReturnStmt)(nil),
	}
	l.region.Inspect(kinds, func(c inspector.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.GoStmt:
			return !l.checkLater(c, n.Call, "used by a goroutine")
		case *ast.DeferStmt:
			if l.loop && sameFunction(c, l.fn) {
				const how = "used by a deferred call, which runs when the function returns"
				return !l.checkLater(c, n.Call, how)
			}
		case *ast.CallExpr:
			return !l.checkCall(c, n)
		case *ast.SendStmt:
			if l.lends(n.Value, -1) && !l.waitsAfter(c) {
				l.report(n.Value, "sent on a channel")
			}
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if x, of := paired(n, i); l.lends(x, of) {
					l.checkStore(c, lhs, x)
				}
			}
		case *ast.ReturnStmt:
			for _, x := range n.Results {
				if l.ends && sameFunction(c, l.fn) && l.lends(x, -1) {
					l.report(x, "returned")
				}
			}
		}
		return true
	})
}

// paired returns the value that n assigns to its left side at index i: an expression, or the result of a call
// at index of.
func paired(n *ast.AssignStmt, i int) (x ast.Expr, of int) {
	if len(n.Rhs) == len(n.Lhs) {
		return n.Rhs[i], 0
	}
	return n.Rhs[0], i
}

// checkLater reports a call that runs later and uses lent bytes, and returns whether it did.
func (l *loan) checkLater(c inspector.Cursor, call *ast.CallExpr, how string) bool {
	var kept ast.Expr
	for _, a := range call.Args {
		if l.lends(a, -1) {
			kept = a
		}
	}
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok && kept == nil {
		kept = l.captured(lit.Body)
	}
	if kept == nil || l.waitsAfter(c) {
		return false
	}
	l.report(kept, how)
	return true
}

// checkCall reports a call of the standard library or of this package that keeps an argument, and returns
// whether it did.
func (l *loan) checkCall(c inspector.Cursor, call *ast.CallExpr) bool {
	fn := callee(l.info, call)
	switch {
	case isGo(fn), isFunc(fn, "time", "AfterFunc"), isFunc(fn, "context", "AfterFunc"):
		if lit, ok := ast.Unparen(call.Args[len(call.Args)-1]).(*ast.FuncLit); ok {
			if kept := l.captured(lit.Body); kept != nil && !l.waitsAfter(c) {
				l.report(kept, "used by a goroutine")
				return true
			}
		}
	case l.checkPassed(c, call):
		return true
	case isMethod(fn, "sync", "Map", "Store", "LoadOrStore", "Swap"),
		isMethod(fn, "sync/atomic", "Value", "Store"),
		isMethod(fn, "sync/atomic", "Pointer", "Store"),
		isMethod(fn, "container/list", "List", "PushBack", "PushFront"):
		if r := root(l.info, receiver(call)); r != nil && within(r, l.region.Node()) {
			return false
		}
		for _, a := range call.Args {
			if l.lends(a, -1) {
				l.report(a, "stored by "+fn.Name())
				return true
			}
		}
	}
	return false
}

// waitsAfter reports whether the region waits for another goroutine after the statement at c. That goroutine
// may then have finished with the bytes.
func (l *loan) waitsAfter(c inspector.Cursor) bool {
	end := c.Node().End()
	for s := range c.Enclosing((*ast.SelectStmt)(nil)) {
		if within(s.Node(), l.region.Node()) {
			end = max(end, s.Node().End())
		}
	}
	for s := range l.region.Preorder((*ast.ExprStmt)(nil), (*ast.AssignStmt)(nil), (*ast.IfStmt)(nil),
		(*ast.CommClause)(nil), (*ast.RangeStmt)(nil), (*ast.SwitchStmt)(nil), (*ast.ReturnStmt)(nil)) {
		if s.Node().Pos() >= end && waits(l.info, s.Node()) {
			return true
		}
	}
	return false
}

// checkStore checks the assignment at c of x, lent bytes, to lhs.
func (l *loan) checkStore(c inspector.Cursor, lhs, x ast.Expr) {
	v := root(l.info, lhs)
	if v == nil || slices.Contains(l.owners, v) || l.isReset(c, lhs) || l.leaves(c) {
		return
	}
	if _, ok := ast.Unparen(lhs).(*ast.Ident); ok {
		outer := !within(v, l.region.Node()) && (l.loop || !sameFunction(c, l.fn))
		if isGlobal(v) {
			l.report(x, "stored in a package variable")
		} else if outer && l.outlives(c, v, lhs, x) {
			l.report(x, "stored in "+v.Name()+", which is used later")
		}
		return
	}
	if how := l.outerStore(c, v, lhs, x); how != "" {
		l.report(x, how)
	}
}

// leaves reports whether the loop ends right after the statement at c, while the bytes stay valid until the
// next call: the lifetime then is the caller's concern.
func (l *loan) leaves(c inspector.Cursor) bool {
	block, ok := c.Parent().Node().(*ast.BlockStmt)
	if !ok || l.ends || !l.loop {
		return false
	}
	switch last := block.List[len(block.List)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return last.Tok == token.BREAK
	}
	return false
}

// outerStore returns how the assignment of x to lhs, a part of v, keeps x, or "".
func (l *loan) outerStore(c inspector.Cursor, v *types.Var, lhs, x ast.Expr) string {
	how := "stored in a field"
	if _, ok := ast.Unparen(lhs).(*ast.StarExpr); ok {
		how = "stored in *" + v.Name()
	}
	index, isIndex := ast.Unparen(lhs).(*ast.IndexExpr)
	if isIndex {
		how = "stored in an element"
		if _, ok := l.info.TypeOf(index.X).Underlying().(*types.Map); ok {
			how = "stored in a map"
		}
	}
	switch {
	case isGlobal(v):
		return how
	case l.callee:
		if within(v, l.region.Node()) || l.hasCalls(v) {
			return ""
		}
		return l.added(lhs, x)
	case within(v, l.region.Node()):
		if !l.isBorrowed(v) {
			return ""
		}
		return how
	case !l.loop:
		return "" // one call of a caller's loop, which may know the lifetime
	}
	if l.isOwn(c, v) && (!isIndex || l.info.Types[index.Index].Value != nil) {
		if !l.usedAfter(v, lhs) {
			return ""
		}
	}
	return how
}

// isBorrowed reports whether v, a variable of the region, refers to a part of a variable from outside it.
func (l *loan) isBorrowed(v *types.Var) bool {
	switch v.Type().Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice:
	default:
		return false
	}
	borrowed := false
	for _, d := range l.defs {
		if d.v != v || d.field != "" || d.x == nil {
			continue
		}
		if isFresh(l.info, d.x) {
			return false
		}
		if r := root(l.info, d.x); r == nil || within(r, l.region.Node()) {
			return false // for example a call, or another variable of the region
		}
		borrowed = true
	}
	return borrowed
}

// isOwn reports whether v is a variable of the function itself and a struct, an array or a pointer to a new
// one, so that other functions need not see it.
func (l *loan) isOwn(c inspector.Cursor, v *types.Var) bool {
	_, body, ok := function(c)
	if !ok || !within(v, body) {
		return false
	}
	switch v.Type().Underlying().(type) {
	case *types.Struct, *types.Array:
		return true
	case *types.Pointer, *types.Slice:
		e := definitionOf(l.info, c, v)
		return e != nil && isFresh(l.info, e)
	}
	return false
}

// outlives reports whether v, a variable from outside the region, may be read after the loan has ended:
// whether x is appended to it, it is read after the region or by another function, or the region reads it
// before it assigns it.
func (l *loan) outlives(c inspector.Cursor, v *types.Var, lhs, x ast.Expr) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if ok && len(call.Args) > 0 && root(l.info, call.Args[0]) == v {
		if s, ok := ast.Unparen(call.Args[0]).(*ast.SliceExpr); ok && isEmptied(l.info, s) {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		if ok && id.Name == "append" || isFunc(callee(l.info, call), "slices", "Insert") {
			return true
		}
	}
	return l.usedAfter(v, lhs) || l.readBefore(c, v)
}

// usedAfter reports whether v, or the part of it that lhs names, is read after the region or in another
// function.
func (l *loan) usedAfter(v *types.Var, lhs ast.Expr) bool {
	if l.isResult(v) {
		return l.ends
	}
	path := types.ExprString(lhs)
	for id := range outermost(l.fn).Preorder((*ast.Ident)(nil)) {
		n := id.Node().(*ast.Ident)
		if l.info.Uses[n] != v || within(n, l.region.Node()) || isAssigned(id) {
			continue
		}
		if n.Pos() < l.region.Node().Pos() && sameFunction(id, l.fn) {
			continue
		}
		if sel, ok := id.Parent().Node().(*ast.SelectorExpr); ok && types.ExprString(sel) != path {
			continue
		}
		return !l.assignedFirst(v, n.Pos())
	}
	return false
}

// isResult reports whether v is a named result of the function.
func (l *loan) isResult(v *types.Var) bool {
	return v.Kind() == types.ResultVar && within(v, l.fn.Node())
}

// assignedFirst reports whether v is assigned between the region and p.
func (l *loan) assignedFirst(v *types.Var, p token.Pos) bool {
	for c := range l.fn.Preorder((*ast.AssignStmt)(nil)) {
		n := c.Node()
		if l.region.Node().End() <= n.Pos() && n.End() <= p && assigns(l.info, n, place{v: v}) {
			return true
		}
	}
	return false
}

// readBefore reports whether the region reads v before the statement at c assigns it, and so reads the value
// of the previous iteration.
func (l *loan) readBefore(c inspector.Cursor, v *types.Var) bool {
	for id := range l.region.Preorder((*ast.Ident)(nil)) {
		n := id.Node().(*ast.Ident)
		if n.Pos() < c.Node().Pos() && l.info.Uses[n] == v {
			return !isAssigned(id)
		}
	}
	return false
}

// isAssigned reports whether the identifier at id is a left side of an assignment.
func isAssigned(id inspector.Cursor) bool {
	n, ok := id.Parent().Node().(*ast.AssignStmt)
	if !ok || n.Tok != token.ASSIGN && n.Tok != token.DEFINE {
		return false
	}
	for _, lhs := range n.Lhs {
		if lhs == id.Node() {
			return true
		}
	}
	return false
}

// isReset reports whether each iteration that runs the assignment at c also assigns another value to lhs, or
// deletes it from its map.
func (l *loan) isReset(c inspector.Cursor, lhs ast.Expr) bool {
	path := types.ExprString(lhs)
	for s := range l.region.Preorder((*ast.AssignStmt)(nil), (*ast.CallExpr)(nil)) {
		if s == c || !l.runsWith(s, c) {
			continue
		}
		switch n := s.Node().(type) {
		case *ast.AssignStmt:
			for i, other := range n.Lhs {
				x, of := paired(n, i)
				if types.ExprString(other) == path && (!l.lends(x, of) || isEmptying(l.info, x)) {
					return true
				}
			}
		case *ast.CallExpr:
			if !isForget(n) {
				continue
			}
			if r := root(l.info, n.Args[0]); r != nil && r == root(l.info, lhs) {
				return true
			}
		}
	}
	return false
}

// runsWith reports whether the statement at s runs in each iteration that runs the one at c: whether it is in
// a block around c, or is deferred there.
func (l *loan) runsWith(s, c inspector.Cursor) bool {
	for d := range s.Enclosing((*ast.DeferStmt)(nil)) {
		return !sameFunction(d, l.fn) && d.Parent().Contains(c)
	}
	if _, ok := s.Node().(*ast.CallExpr); ok {
		s = s.Parent()
	}
	return s.Parent().Contains(c)
}

// isEmptying reports whether x is a slice expression s[:0].
func isEmptying(info *types.Info, x ast.Expr) bool {
	s, ok := ast.Unparen(x).(*ast.SliceExpr)
	return ok && isEmptied(info, s)
}

// isForget reports whether call is a call of delete or clear.
func isForget(call *ast.CallExpr) bool {
	id, ok := call.Fun.(*ast.Ident)
	return ok && (id.Name == "delete" || id.Name == "clear") && len(call.Args) > 0
}

// part returns the part of x that refers to lent bytes, if x is a new struct or slice, or an append.
// Otherwise it returns x.
func (l *loan) part(x ast.Expr) ast.Expr {
	var parts []ast.Expr
	switch x := ast.Unparen(x).(type) {
	case *ast.UnaryExpr:
		return l.part(x.X)
	case *ast.CompositeLit:
		parts = x.Elts
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "append" {
			parts = x.Args[1:]
		}
	}
	for _, p := range parts {
		value := p
		if kv, ok := p.(*ast.KeyValueExpr); ok {
			value = kv.Value
		}
		if l.lends(value, -1) {
			return l.part(value)
		}
	}
	return x
}

// report reports that x is kept, or, in a callee, records it for the callers.
func (l *loan) report(x ast.Expr, how string) {
	if l.callee {
		l.how = how
		return
	}
	x = l.part(x)
	what := types.ExprString(x)
	if len(what) > 40 {
		what = "a value with lent bytes"
	}
	var fixes []analysis.SuggestedFix
	advice := "copy the bytes first, for example with bytes.Clone"
	if fixes = cloned(l.pass, x); fixes != nil {
		advice = "keep bytes.Clone(" + what + ")"
	}
	message := fmt.Sprintf("%s is %s, but its bytes are valid only %s: %s", what, how, l.rule, advice)
	report(l.pass, x, message, fixes...)
}
