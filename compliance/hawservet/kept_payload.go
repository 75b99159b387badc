package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// KeptPayload reports bytes that are kept for longer than they are lent. These are
// lent:
//
//   - websocket.Message.Data, from Conn.Messages, until the loop asks for the next
//     message;
//   - wire.Frame.Payload, from Decoder.Next, until the next call, and with it the
//     reason that wire.ConsumeClose finds in it;
//   - what Conn.AppendRead appends to a buffer that the next turn of a loop gives to
//     AppendRead again, emptied.
//
// They are kept if they are sent on a channel, used by a goroutine or a deferred
// call, or stored in what outlives the turn of the loop; or if a function of the same
// package, to which they are passed, sends them, uses them in a goroutine, or adds
// them to a list, a map or a variable of the package. The slice of Conn.Read is
// the caller's. So is a copy: of bytes.Clone, of append(dst, p...), of string(p).
var KeptPayload = &analysis.Analyzer{
	Name: "keptpayload",
	Doc: `report payloads that are kept for longer than they are lent

Message.Data of Conn.Messages, Frame.Payload of Decoder.Next and what
AppendRead puts into a buffer that is used again are lent until the next
message. Keep bytes.Clone of them, or string(p).`,
	URL:      about + "keptpayload",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runKeptPayload,
}

func runKeptPayload(pass *analysis.Pass) (any, error) {
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	k := &keepers{newCallGraph(pass, in), make(map[*types.Var]string)}
	for cur := range in.Root().Preorder((*ast.RangeStmt)(nil), (*ast.AssignStmt)(nil)) {
		l := &loan{pass: pass, info: pass.TypesInfo, keepers: k, held: make(map[types.Object]parts)}
		switch n := cur.Node().(type) {
		case *ast.RangeStmt:
			l.fromLoop(cur, n)
		case *ast.AssignStmt:
			l.origin = n
			l.fromCall(cur, n)
		}
		if l.isLent() && l.fn.Valid() {
			l.spread()
			if l.isLent() {
				l.check()
			}
		}
	}
	return nil, nil
}

// A loan is bytes that are lent for a while, and who has them.
type loan struct {
	pass   *analysis.Pass
	info   *types.Info
	region inspector.Cursor // a block: they are lent until it ends, or begins anew
	fn     inspector.Cursor // the function that has the region
	loop   bool             // the region is the body of a loop
	ends   bool             // leaving the region ends the loan
	owners []*types.Var     // what has the decoder and its buffer: bytes may stay there
	buffer place            // what AppendRead fills, if it does
	origin *ast.AssignStmt  // has the call that lends them, if it is none of a loop
	rule   string           // how long the documentation lends them
	held   map[types.Object]parts
	defs   []def

	keepers *keepers
	callee  bool   // the region is a function whose parameter is lent to it
	how     string // of a callee: how it keeps the bytes, or ""
}

// isLent reports whether anything holds lent bytes.
func (l *loan) isLent() bool { return len(l.held) > 0 || l.buffer.v != nil }

// parts are the fields of a variable that hold lent bytes; nil means all of it.
type parts map[string]bool

// fromLoop makes a loan of a loop over Conn.Messages.
func (l *loan) fromLoop(cur inspector.Cursor, n *ast.RangeStmt) {
	v := variable(l.info, n.Key)
	if v == nil || !l.isMessages(cur, n.X) {
		return
	}
	l.fn, _, _ = function(cur)
	l.region = cur.Child(n.Body)
	l.loop, l.ends = true, true
	l.rule = "until the loop over Messages reads the next message or ends"
	l.held[v] = parts{"Data": true}
}

// isMessages reports whether e is what Conn.Messages returned.
func (l *loan) isMessages(cur inspector.Cursor, e ast.Expr) bool {
	e = definition(l.info, cur, e)
	return isMethod(callee(l.info, e), websocketPath, "Conn", "Messages")
}

// fromCall makes a loan of an assignment from a call that lends.
func (l *loan) fromCall(cur inspector.Cursor, n *ast.AssignStmt) {
	if len(n.Rhs) != 1 || len(n.Lhs) != 3 {
		return
	}
	call, ok := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
	if !ok {
		return
	}
	fn := callee(l.info, call)
	switch first := variable(l.info, n.Lhs[0]); {
	case isMethod(fn, wirePath, "Decoder", "Next") && first != nil:
		l.enclosing(cur)
		l.owners = []*types.Var{root(l.info, receiver(call)), root(l.info, call.Args[0])}
		l.rule = "until the next call of Next"
		l.held[first] = parts{"Payload": true}
	case isMethod(fn, websocketPath, "Conn", "AppendRead") && len(call.Args) == 2:
		l.enclosing(cur)
		l.fromBuffer(n, call.Args[1])
	case fn == nil && first != nil && isType(first.Type(), websocketPath, "Message"):
		pull, ok := definition(l.info, cur, call.Fun).(*ast.CallExpr)
		if ok && isFunc(callee(l.info, pull), "iter", "Pull2") && l.isMessages(cur, pull.Args[0]) {
			l.enclosing(cur)
			l.rule = "until the next message is read"
			l.held[first] = parts{"Data": true}
		}
	}
}

// enclosing takes for the region the body of the innermost loop around cur, or that
// of the function.
func (l *loan) enclosing(cur inspector.Cursor) {
	fn, body, ok := function(cur)
	if !ok {
		return
	}
	l.fn = fn
	for c := range cur.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil), fn.Node()) {
		switch n := c.Node().(type) {
		case *ast.ForStmt:
			body, l.loop = n.Body, true
		case *ast.RangeStmt:
			body, l.loop = n.Body, true
		}
		if l.loop && !within(cur.Node(), body) {
			body, l.loop = nil, false // in the head of the loop
			continue
		}
		break
	}
	if body == nil {
		l.fn = inspector.Cursor{}
		return
	}
	l.region, _ = fn.FindNode(body)
}

// fromBuffer makes a loan of n, a call of AppendRead, if dst is a variable or a field
// that is emptied in each turn of a loop and never replaced by another buffer.
func (l *loan) fromBuffer(n *ast.AssignStmt, dst ast.Expr) {
	s, ok := ast.Unparen(dst).(*ast.SliceExpr)
	if !ok || !l.loop || !isEmptied(l.info, s) {
		return
	}
	buf, ok := placeOf(l.info, s.X)
	p, ok2 := placeOf(l.info, n.Lhs[1])
	if _, isSlice := l.info.TypeOf(s.X).Underlying().(*types.Slice); !ok || !ok2 || !isSlice {
		return
	}
	if within(buf.v, l.region.Node()) || p.fields != "" && p != buf || l.replaces(n, buf, p) {
		return
	}
	l.rule = "until the next AppendRead overwrites the buffer"
	l.owners = []*types.Var{buf.v}
	l.buffer = buf
	if p.fields == "" {
		l.held[p.v] = nil
	}
}

// replaces reports whether the region may put another buffer into buf than the bytes
// p that n has read: that it assigns it, takes its address, or calls something that
// could.
func (l *loan) replaces(n *ast.AssignStmt, buf, p place) bool {
	for c := range l.region.Preorder((*ast.AssignStmt)(nil), (*ast.UnaryExpr)(nil), (*ast.CallExpr)(nil)) {
		switch a := c.Node().(type) {
		case *ast.AssignStmt:
			if a != n && assigns(l.info, a, buf) && !l.keeps(a, p) {
				return true
			}
		case *ast.UnaryExpr:
			if q, ok := placeOf(l.info, a.X); ok && a.Op == token.AND && q.contains(buf) {
				return true
			}
		case *ast.CallExpr:
			if buf.fields != "" && !isQuiet(l.info, a) && names(l.info, a, buf.v) {
				return true
			}
		}
	}
	return false
}

// keeps reports whether all that a assigns is p, or p emptied.
func (l *loan) keeps(a *ast.AssignStmt, p place) bool {
	x := ast.Unparen(a.Rhs[0])
	if s, ok := x.(*ast.SliceExpr); ok && isEmptied(l.info, s) {
		x = s.X
	}
	q, ok := placeOf(l.info, x)
	return len(a.Rhs) == 1 && ok && p == q
}

// names reports whether call is of a method of v, or has v or its address for an
// argument.
func names(info *types.Info, call *ast.CallExpr, v *types.Var) bool {
	for _, e := range append([]ast.Expr{receiver(call)}, call.Args...) {
		if u, ok := e.(*ast.UnaryExpr); ok {
			e = u.X
		}
		if q, ok := placeOf(info, e); ok && q == (place{v: v}) {
			return true
		}
	}
	return false
}

// isEmptied reports whether s is x[:0].
func isEmptied(info *types.Info, s *ast.SliceExpr) bool {
	if s.High == nil || s.Max != nil {
		return false
	}
	v := info.Types[s.High].Value
	return v != nil && v.ExactString() == "0"
}
