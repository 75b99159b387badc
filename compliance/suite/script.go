package suite

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// A script is our end of one connection, in a case that is a plain function. The function sends and
// waits, one step after the other, and returns if the peer did everything right. If the peer did
// anything else, the method that waits for the peer sets the verdict and does not return.
//
// To test a server, the function begins once TCP is connected. To test a client, it begins once the
// request of the client was read. When the function returns, the connection is closed with 1000 if it is
// still open and no frame of ours is incomplete.
//
// The verdict is OK unless a method sets another one. If the peer broke a rule, the verdict is FAILED
// if the level of the rule is MUST, NON-STRICT if it is SHOULD, and INFORMATIONAL otherwise. The
// verdict on the close follows from how the connection ended:
//
//   - There was no WebSocket connection to close, or we dropped TCP in the middle of a frame, where no
//     close frame can be sent: OK.
//   - We began the closing handshake: OK if the peer answers and, if it is a server, drops TCP; UNCLEAN
//     if it does not; FAILED if it closes first; INFORMATIONAL if it answers with a code other than ours.
//   - The peer had to fail the connection, and did: OK with a fitting code or none, WRONG CODE with one
//     that means something else, and INFORMATIONAL with one that can mean any error.
//   - The peer had to fail the connection, and dropped TCP without a close frame: INFORMATIONAL, or OK
//     after a flood. A peer should send a close frame, but may omit it if it believes that we cannot
//     read it (RFC 6455, section 7.1.7). The suite cannot know what the peer believes.
type script struct {
	c      *Case
	o      *Options
	ctx    context.Context
	server bool    // we are the server, and a client is tested
	t      *target // of a server under test
	res    *report.Result
	begun  time.Time
	turn   func(*Case) (done func()) // waits until a heavy case may run
	done   func()                    // ends that turn

	conn    net.Conn
	asking  *clientRequest // of a client under test
	request head           // of the client, or ours
	key     string         // Sec-WebSocket-Key of the request
	reply   head           // of a server
	rest    []byte         // received and not yet decoded
	out     *outbox
	held    []parcel // sent since the script last waited
	dec     wire.Decoder
	in      scriptIn

	established bool
	state       state // of the WebSocket connection
	cut         bool  // our last frame is incomplete
	sentClose   bool  // our last frame is a malformed close frame with 1000
	lost        bool  // the incoming stream can no longer be decoded
	attack      bool  // the peer may drop TCP at once, as under attack (RFC 6455, section 7.1.1)
	deflate     *deflater
	agreed      deflateParams
	inflater    *inflater
	suspect     *report.Offense  // what the peer has to refuse
	last        sent             // the last write
	quiet       bool             // the wire log is off
	pinged      map[string]bool  // payloads of our pings
	badFrame    func(why string) // if set, called for an invalid frame before the verdict of its own rule
}

// sent is a write and its offset in our stream after the handshake.
type sent struct {
	at  int64
	raw []byte
}

// How long a script waits for the peer.
const (
	reactionTime = 2 * time.Second        // to refuse something
	doubtTime    = 150 * time.Millisecond // to refuse something, before we send a ping
	idleTime     = time.Second            // to send something that it has no reason to send
	giveUpTime   = 11 * time.Second       // to give up on a stalled connection
)

// newScript returns a script that is not connected yet. t is nil if a client is tested.
func newScript(ctx context.Context, c *Case, o *Options, t *target) *script {
	s := &script{c: c, o: o, ctx: ctx, t: t, server: t == nil, begun: time.Now(), done: func() {},
		pinged: map[string]bool{}}
	s.res = &report.Result{
		ID: c.ID, Description: c.Description, Expectation: c.Expectation,
		Started: s.begun.UTC(), Behavior: report.OK, BehaviorClose: report.OK,
		ResultClose: "There was no WebSocket connection to close.",
		ReportTime:  c.reportTime, IsServer: s.server, CreateStats: true, Rule: &c.Rule,
		RxOctetStats: map[int]int{}, TxOctetStats: map[int]int{},
		RxFrameStats: map[int]int{}, TxFrameStats: map[int]int{},
	}
	return s
}

// scriptServer plays a case against a server. It returns an error if it cannot connect.
func scriptServer(ctx context.Context, t *target, c *Case, o *Options) (*report.Result, error) {
	conn, err := t.dial(ctx, o.HandshakeTimeout)
	if err != nil {
		return nil, err
	}
	s := newScript(ctx, c, o, t)
	s.play(conn, c.script)
	if o.Agent != "" {
		s.res.Agent = o.Agent
	} else if s.res.Agent == "" {
		s.res.Agent = t.host
	}
	return s.res, nil
}

// scriptClient plays a case against a client whose request was read. The case checks whether the request is
// valid.
func scriptClient(ctx context.Context, c *Case, o *Options, q *clientRequest,
	turn func(*Case) func()) *report.Result {
	s := newScript(ctx, c, o, nil)
	s.turn = turn
	s.asking, s.request, s.rest = q, q.head, q.rest
	s.key = q.head.fields.Get("Sec-Websocket-Key")
	s.res.Agent, s.res.HTTPRequest = q.agent, string(q.raw)
	for _, b := range q.reads {
		s.logRx(b)
	}
	s.play(q.conn, c.script)
	s.rememberKeys()
	return s.res
}

// play runs f on a connection, closes the connection and completes the result.
func (s *script) play(conn net.Conn, f func(*script)) {
	ctx, cancel := context.WithTimeout(s.ctx, s.o.limit(s.c))
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	s.conn, s.out = conn, newOutbox(conn)
	s.in.buf = make([]byte, 64<<10)
	s.do(func() { f(s) })
	s.do(s.finish)
	s.release()
	s.out.end()
	s.done()
	if s.ctx.Err() == nil && ctx.Err() != nil {
		s.res.Waited, s.res.Behavior = true, report.Failed
		s.res.Result = fmt.Sprintf("The case did not end within %v.", s.o.limit(s.c))
	}
	s.res.Duration, s.res.Late = time.Since(s.begun), s.o.lateness.late(s.begun)
	s.res.CreateWirelog = !s.quiet
	if s.res.Behavior == report.OK && s.res.Result == "" {
		s.res.Result = asExpected
		if !s.res.BehaviorClose.Passed() {
			s.res.Result = beforeClose
		}
	}
	if s.res.Behavior.Passed() || s.res.Behavior == report.Unimplemented {
		s.suspect = nil
	}
	if s.res.Offense == nil {
		s.res.Offense = s.suspect
	}
}

// stop is the value of the panic that ends a script early.
type stop struct{}

// do calls f, which may end early.
func (s *script) do(f func()) {
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(stop); !ok {
				panic(e)
			}
		}
	}()
	f()
}

// other plays f on another connection to the server. It ends the case if f does not pass.
func (s *script) other(f func(*script)) {
	s.release()
	conn, err := s.t.dial(s.ctx, s.o.HandshakeTimeout)
	if err != nil {
		s.in.waited = timedOut(err)
		s.against(ruleOpening, "The server does not accept another connection: %v.", err)
	}
	c := *s.c
	c.Rule = ruleOpening // the rule of the case need not be the one that is broken here
	s.nested(newScript(s.ctx, &c, s.o, s.t), conn, f)
}

// nested plays f as o on another connection. It ends the case if f does not pass.
func (s *script) nested(o *script, conn net.Conn, f func(*script)) {
	o.play(conn, f)
	if o.res.Agent != "" {
		s.res.Agent = o.res.Agent
	}
	if o.res.Behavior.Passed() { // other cases test how a connection closes
		return
	}
	agent := s.res.Agent
	*s.res = *o.res
	s.res.Agent, s.suspect = agent, nil
	s.res.Rule, s.res.Broken = &s.c.Rule, o.res.VerdictRule()
	s.res.Result = "On another connection: " + s.res.Result
	s.drop()
	panic(stop{})
}

// alive checks that a server under test still accepts other connections.
func (s *script) alive() {
	if s.server {
		return
	}
	s.other(func(o *script) {
		o.open()
		o.echo(wire.OpText, []byte("Still there?"))
	})
}
