package suite

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// A script is one connection of a case that is a plain function: it says what is
// sent and what has to come, one after the other. The function returns when all was
// as it should be. What is not ends it: each of the methods that wait for something
// makes the verdict and does not return.
//
// For a server under test the function begins with TCP just connected, for a client
// with its request read. When it returns the connection is closed with 1000, if it
// is open and whole.
//
// The verdict is OK unless one of the methods says otherwise. A rule that is broken
// is FAILED if its level is MUST, NON-STRICT if it is SHOULD, else INFORMATIONAL.
// The verdict on the close:
//
//   - There was no WebSocket connection to close, or TCP was dropped by us in the
//     middle of a frame, where no close frame can be sent: OK.
//   - We began: the peer has to answer, and a server has to drop TCP, else UNCLEAN;
//     a close of its own is FAILED. A code other than ours is INFORMATIONAL.
//   - The peer had to fail the connection, and did: OK with a fitting code or none,
//     WRONG CODE with one that means something else. INFORMATIONAL with one that
//     may mean anything, and if it dropped TCP without a close frame: it should send
//     one, but may omit it if it believes that we cannot read it (RFC 6455, section
//     7.1.7), and nobody can say what it believed. OK for that where we flood it.
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
	request head           // what a client asked, or what we did
	key     string         // Sec-WebSocket-Key of the request
	reply   head           // what a server answered
	rest    []byte         // of the stream, not yet looked at
	out     *outbox
	held    []parcel // what was sent since the script last waited
	dec     wire.Decoder
	in      scriptIn

	established bool
	state       state // of the WebSocket connection
	cut         bool  // the last frame of ours is not whole
	sentClose   bool  // the last frame of ours is a bent close frame with 1000
	lost        bool  // nothing that comes can be read any more
	attack      bool  // we do what may be met by any means (RFC 6455, section 7.1.1)
	deflate     *deflater
	agreed      deflateParams
	inflater    *inflater
	suspect     *report.Offense  // what the peer should have refused
	last        sent             // what was written last
	quiet       bool             // nothing goes into the wire log
	pinged      map[string]bool  // what our pings carried
	badFrame    func(why string) // the verdict on a frame that is wrong; nil: it is against its own rule
}

// sent is where something stood in what we wrote behind the handshake.
type sent struct {
	at  int64
	raw []byte
}

// How long a script waits.
const (
	reactionTime = 2 * time.Second        // for a peer to refuse something
	doubtTime    = 150 * time.Millisecond // before a ping asks whether it has
	idleTime     = time.Second            // for a peer that has no reason to do anything
	giveUpTime   = 11 * time.Second       // for a peer to give up one that stalls
)

// newScript makes the connection of a case. t is nil for clients.
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

// scriptServer plays a case against a server. The error is that there is none.
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

// scriptClient plays a case against a client whose request has been read, right or
// wrong: the case judges it.
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

// play runs f over a connection, closes it, and makes the result.
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

// stop is the panic that ends a script before its end.
type stop struct{}

// do calls f, which may stop.
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

// other plays f on a further connection to the server, and ends the case if that
// falls short.
func (s *script) other(f func(*script)) {
	s.release()
	conn, err := s.t.dial(s.ctx, s.o.HandshakeTimeout)
	if err != nil {
		s.in.waited = timedOut(err)
		s.against(ruleOpening, "The server takes no further connection: %v.", err)
	}
	c := *s.c
	c.Rule = ruleOpening // it need not be the case's that is broken here
	s.nested(newScript(s.ctx, &c, s.o, s.t), conn, f)
}

// nested plays f as o on a further connection, and ends the case if that falls short.
func (s *script) nested(o *script, conn net.Conn, f func(*script)) {
	o.play(conn, f)
	if o.res.Agent != "" {
		s.res.Agent = o.res.Agent
	}
	if o.res.Behavior.Passed() { // how that one closes is for other cases to say
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

// alive checks that a server under test still serves others.
func (s *script) alive() {
	if s.server {
		return
	}
	s.other(func(o *script) {
		o.open()
		o.echo(wire.OpText, []byte("Still there?"))
	})
}
