package hawservet

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// KeptPayload reports bytes that are kept longer than they are valid. These bytes are lent for a limited
// time:
//
//   - websocket.Message.Data of Conn.Messages, until the loop reads the next message or ends;
//   - wire.Frame.Payload of Decoder.Next, until the next call, and the reason that wire.ConsumeClose returns
//     of such a payload;
//   - the bytes that Conn.AppendRead appends to a buffer, if the next iteration of a loop empties the buffer
//     and passes it to AppendRead again.
//
// They are kept if they are sent on a channel, used by a goroutine or a deferred call, or stored where they
// outlive the iteration. They are also kept if they are passed to a function of the same package that sends
// them, uses them in a goroutine, or adds them to a list, a map or a package variable. The slice of Conn.Read
// belongs to the caller, and so does a copy, such as bytes.Clone(p), append(dst, p...) or string(p).
var KeptPayload = &analysis.Analyzer{
	Name: "keptpayload",
	Doc: `report payloads that are kept longer than they are valid

Message.Data of Conn.Messages, Frame.Payload of Decoder.Next and the bytes
that AppendRead appends to a reused buffer are valid until the next message
is read. Keep bytes.Clone(p) or string(p) instead.`,
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

// A loan is bytes that are lent for a limited time, and the variables that hold them.
type loan struct {
	pass   *analysis.Pass
	info   *types.Info
	region inspector.Cursor // the block at whose end, or next iteration, the loan ends
	fn     inspector.Cursor // the function that has the region
	loop   bool             // the region is the body of a loop
	ends   bool             // leaving the region ends the loan
	owners []*types.Var     // the variables of the decoder and its buffer, which may keep the bytes
	buffer place            // the buffer of AppendRead, if any
	origin *ast.AssignStmt  // the assignment from the call that lends them; nil for a loop
	rule   string           // how long they are valid, for messages
	held   map[types.Object]parts
	defs   []def

	keepers *keepers
	callee  bool   // the region is a function whose parameter is lent
	how     string // how a callee keeps the bytes, or ""
}

// isLent reports whether a variable holds lent bytes.
func (l *loan) isLent() bool { return len(l.held) > 0 || l.buffer.v != nil }

// parts are the fields of a variable that hold lent bytes. nil means the whole variable.
type parts map[string]bool

// fromLoop begins the loan of a loop over Conn.Messages.
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

// isMessages reports whether e is the result of Conn.Messages.
func (l *loan) isMessages(cur inspector.Cursor, e ast.Expr) bool {
	e = definition(l.info, cur, e)
	return isMethod(callee(l.info, e), websocketPath, "Conn", "Messages")
}

// fromCall begins the loan of an assignment from a call that lends bytes.
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

// enclosing sets the region to the body of the innermost loop around cur, or of the function.
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
			body, l.loop = nil, false // cur is in the header of the loop
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

// fromBuffer begins the loan of n, a call of AppendRead, if dst is a variable or field that each iteration of
// a loop empties and that no other buffer replaces.
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

// replaces reports whether the region may set buf to a buffer other than p, the bytes that n reads: whether
// it assigns buf, takes its address, or calls a function that may.
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

// keeps reports whether a assigns only p, or p emptied.
func (l *loan) keeps(a *ast.AssignStmt, p place) bool {
	x := ast.Unparen(a.Rhs[0])
	if s, ok := x.(*ast.SliceExpr); ok && isEmptied(l.info, s) {
		x = s.X
	}
	q, ok := placeOf(l.info, x)
	return len(a.Rhs) == 1 && ok && p == q
}

// names reports whether call is a method call on v, or has v or its address as an argument.
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
