package hawservet

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// keepers knows how the functions of a package keep bytes that are lent to them.
type keepers struct {
	calls *callGraph
	known map[*types.Var]string // by parameter; "" if it is not kept, or is being analyzed
}

// keptBy returns how fn keeps its parameter at index i, or "" if it does not.
func (k *keepers) keptBy(l *loan, fn inspector.Cursor, i int) string {
	params := signature(l.info, fn.Node()).Params()
	param := params.At(min(i, params.Len()-1)) // the last may be variadic
	if how, ok := k.known[param]; ok {
		return how
	}
	k.known[param] = ""
	region, ok := fn.FindNode(bodyOf(fn.Node()))
	if !ok {
		return ""
	}
	inner := &loan{
		pass: l.pass, info: l.info, keepers: k, region: region, fn: fn, callee: true,
		held: map[types.Object]parts{param: lentParts(param.Type())},
	}
	inner.spread()
	if inner.isLent() {
		inner.check()
	}
	k.known[param] = inner.how
	return inner.how
}

// lentParts returns the fields of a value of type t that are lent.
func lentParts(t types.Type) parts {
	switch {
	case isType(t, websocketPath, "Message"):
		return parts{"Data": true}
	case isType(t, wirePath, "Frame"):
		return parts{"Payload": true}
	}
	return nil
}

// checkPassed reports a call of a function of this package that keeps an argument, and returns whether it
// did. It reports nothing if another call mentions the same variables, because that call may wait, or discard
// the bytes. Nor does it if one of the variables is new in each iteration.
func (l *loan) checkPassed(c inspector.Cursor, call *ast.CallExpr) bool {
	if !slices.ContainsFunc(call.Args, func(a ast.Expr) bool { return l.lends(a, -1) }) {
		return false
	}
	fn, ok := l.keepers.calls.target(c, call)
	if !ok || fn.Node() == ast.Unparen(call.Fun) {
		return false
	}
	for i, arg := range call.Args {
		t := l.info.TypeOf(arg)
		_, isSlice := t.Underlying().(*types.Slice)
		if !l.lends(arg, -1) || !isSlice && lentParts(t) == nil {
			continue // for example a struct with other fields, too
		}
		how := l.keepers.keptBy(l, fn, i)
		if how != "" && !l.waitsAfter(c) && !l.isSettled(call) {
			l.report(arg, "passed to "+types.ExprString(call.Fun)+", where it is "+how)
			return true
		}
	}
	return false
}

// isSettled reports whether a variable that call mentions, other than lent bytes and contexts, is declared in
// the region or is mentioned by another call.
func (l *loan) isSettled(call *ast.CallExpr) bool {
	known := make(map[types.Object]bool)
	ast.Inspect(call, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v := variable(l.info, id)
			_, held := l.held[v]
			if v != nil && !held && !v.IsField() && !isType(v.Type(), "context", "Context") {
				known[v] = true
			}
		}
		return true
	})
	for v := range known {
		if within(v, l.region.Node()) && !l.isBorrowed(v.(*types.Var)) {
			return true
		}
	}
	for c := range l.region.Preorder((*ast.CallExpr)(nil)) {
		other := c.Node().(*ast.CallExpr)
		if other == call || within(call, other) || isQuiet(l.info, other) {
			continue
		}
		for id := range c.Preorder((*ast.Ident)(nil)) {
			if known[l.info.Uses[id.Node().(*ast.Ident)]] {
				return true
			}
		}
	}
	return false
}

// added returns how the assignment of x, lent bytes, to lhs keeps them after the function returns: whether it
// adds them to a list or a map of the caller.
func (l *loan) added(lhs, x ast.Expr) string {
	if index, ok := ast.Unparen(lhs).(*ast.IndexExpr); ok {
		if _, ok := l.info.TypeOf(index.X).Underlying().(*types.Map); ok {
			return "stored in a map"
		}
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok || len(call.Args) == 0 || types.ExprString(call.Args[0]) != types.ExprString(lhs) {
		return ""
	}
	return "added to " + types.ExprString(lhs)
}

// hasCalls reports whether the region has a call that mentions v, and so may discard the bytes.
func (l *loan) hasCalls(v *types.Var) bool {
	for c := range l.region.Preorder((*ast.CallExpr)(nil)) {
		if call := c.Node().(*ast.CallExpr); !isQuiet(l.info, call) && names(l.info, call, v) {
			return true
		}
	}
	return false
}
