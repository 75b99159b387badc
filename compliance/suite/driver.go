package suite

import (
	"bytes"
	"net"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// state is the state of a WebSocket connection.
type state int

const (
	connecting state = iota
	open
	closing // we have sent a close frame
	closed
)

// Status codes (RFC 6455, section 7.4.1, and the registry of section 11.7).
const (
	codeNormal         = 1000
	codeGoingAway      = 1001
	codeProtocolError  = 1002
	codeUnsupported    = 1003
	codeInvalidPayload = 1007
	codePolicy         = 1008
	codeTooBig         = 1009
	codeInternalError  = 1011
	codeServiceRestart = 1012
	codeTryLater       = 1013
	codeBadGateway     = 1014
)

// An eventKind is the kind of an event that a case waits for.
type eventKind int

const (
	eventMessage eventKind = iota
	eventPong
	eventTimeout // recorded by the case itself, when the peer has waited as long as it should
)

// An event is something that a case waits for.
type event struct {
	kind   eventKind
	data   []byte
	binary bool
}

func asText(s string) event    { return event{kind: eventMessage, data: []byte(s)} }
func asBinary(s string) event  { return event{kind: eventMessage, data: []byte(s), binary: true} }
func asPong(s string) event    { return event{kind: eventPong, data: []byte(s)} }
func asTimeout(s string) event { return event{kind: eventTimeout, data: []byte(s)} }

func (e event) equal(o event) bool {
	return e.kind == o.kind && e.binary == o.binary && bytes.Equal(e.data, o.data)
}

// A driver is our end of a connection in a numbered case. It speaks the protocol, and breaks it where the
// case says so. It handles one event at a time: received bytes, or a timer. It holds its lock when it
// calls the functions of a case.
//
// It answers, fails the connection and drops TCP when Autobahn does, and a close is clean if it is clean
// for Autobahn, because the verdicts depend on that.
type driver struct {
	c       *Case
	o       *Options
	server  bool // we are the server
	conn    net.Conn
	res     *report.Result
	begun   time.Time // when the connection was opened
	created time.Time

	mu         sync.Mutex // held while an event is handled; guards all fields below
	state      state
	wasOpen    bool
	timers     timers
	replied    *timer // waits for the answer to our close frame
	dropped    *timer // waits for the server to drop TCP
	in         receiver
	out        *outbox
	held       []parcel  // what the current event has written so far
	unanswered [][]byte  // payloads of pings to answer once our frame is complete
	deflate    *deflater // nil if not negotiated
	traffic    report.Traffic
	sent       recording
	got        recording
	logOn      bool     // the wire log is on
	piece      struct { // the frame that beginFrame began, and how much of it was sent
		h  wire.Header
		at int64
	}

	expected   map[report.Verdict][]event
	want       report.ExpectedClose
	closeOnly  bool // the case closes the connection, not finishWhenDone
	fatal      bool // the verdict is FAILED if the wrong side closes the connection
	peerClosed bool // a close frame was received
	received   []event
	awaited    string // what the peer has to send, in cases with onMessage
	broke      string // how the peer broke the protocol
	onMessage  func(binary bool, data []byte)
}

// newDriver returns our end of a connection whose opening handshake is complete or in progress.
func newDriver(c *Case, o *Options, conn net.Conn, server bool) *driver {
	p := &driver{c: c, o: o, conn: conn, server: server, logOn: true, created: time.Now()}
	p.timers = timers{mu: &p.mu, over: func() bool { return p.state == closed }, done: p.release}
	p.expected = map[report.Verdict][]event{}
	p.res = &report.Result{
		ID: c.ID, Case: c.number(), Description: c.Description, Expectation: c.Expectation,
		Started: time.Now().UTC(), Behavior: report.Failed, BehaviorClose: report.Failed,
		ResultClose: "TCP was dropped without a closing handshake.",
		ReportTime:  c.reportTime, IsServer: server, CreateStats: true, Rule: &c.Rule,
		Quick:        o.Quick && c.deflate != nil,
		RxOctetStats: map[int]int{}, TxOctetStats: map[int]int{},
		RxFrameStats: map[int]int{}, TxFrameStats: map[int]int{},
	}
	p.out = newOutbox(conn)
	return p
}

// run plays the case on the connection, whose opening handshake is complete, until the connection ends.
// rest is what was already received after the handshake.
func (p *driver) run(rest []byte) {
	p.mu.Lock()
	p.state, p.wasOpen, p.begun = open, true, time.Now()
	p.after(p.o.limit(p.c), func() {
		p.res.Waited = true
		p.drop("the case did not end in time")
	})
	p.c.start(p)
	p.feed(rest)
	p.release()
	p.mu.Unlock()
	p.read()
	p.finish()
}

// read handles what is received until the connection ends.
func (p *driver) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := p.conn.Read(buf)
		p.mu.Lock()
		p.feed(buf[:n])
		end := err != nil || p.state == closed
		p.release()
		p.mu.Unlock()
		if end {
			return
		}
	}
}

// finish ends the connection and completes the result.
func (p *driver) finish() {
	p.mu.Lock()
	if p.wasOpen {
		p.res.Duration = time.Since(p.begun)
	}
	p.state = closed
	p.timers.stop()
	p.release()
	p.mu.Unlock()
	p.out.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.res.Late = p.o.lateness.late(p.created)
	if !p.res.WasClean && !p.res.DroppedByMe && p.res.WasNotCleanReason == "" {
		p.res.WasNotCleanReason = "the peer dropped TCP without a closing handshake"
	}
	p.judge()
}

// after calls f as an event after d, unless the connection ends first.
func (p *driver) after(d time.Duration, f func()) *timer { return p.timers.after(d, f) }

// message handles a message.
func (p *driver) message(binary bool, data []byte) {
	if p.onMessage != nil {
		p.onMessage(binary, data)
		return
	}
	p.record(event{kind: eventMessage, data: bytes.Clone(data), binary: binary})
	p.finishWhenDone()
}

func (p *driver) gotPong(data []byte) {
	p.record(event{kind: eventPong, data: bytes.Clone(data)})
	p.finishWhenDone()
}
