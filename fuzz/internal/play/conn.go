package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// scriptTimeout is the time that a script may take, by the clock of the bubble.
const scriptTimeout = time.Hour

// realTimeout is the time that a script may take by the real clock, on a busy machine. Most
// scripts take a millisecond.
const realTimeout = 5 * time.Minute

// A run is a script that is being run.
type run struct {
	script   *script.Conn
	link     *pipe.Link
	sides    [2]*side
	events   atomic.Int64
	dropped  atomic.Bool
	prepared [4]prepared

	mu     sync.Mutex
	faults []error

	bystander sync.Mutex
	other     *websocket.Conn // see reusePools
}

// A side is one end of the connection, with the results of its calls.
type side struct {
	*run
	index int
	conn  *websocket.Conn
	tap   *tap
	cfg   script.Side
	lanes [script.Lanes][]script.Op
	base  context.Context // canceled at the end of the run

	sent     [2][]order.Sent // by the writers
	got      []order.Got     // by the reader
	ended    error           // from the last read that reported the end
	final    error           // the error that ended the reader
	tooSmall int64           // the smallest limit that was set
	tooLarge int64           // the largest
	silent   bool            // a loop over Messages ended without an error
	loopErr  error           // ended a loop over Messages, with the connection
	cutOff   bool            // a Writer's context ended in the middle of its message

	closing sync.Mutex // guards closings
	closings
}

// Conn runs the script of the bytes b, and reports all faults.
func Conn(t *testing.T, b []byte) {
	s := script.ParseConn(b)
	watch(t, s, func(t *testing.T) {
		r := &run{script: s}
		r.perform()
		report(t, s, r.faults)
	})
}

// watch runs f in a bubble. It prints the script and the goroutines if f panics or takes too
// long by the real clock. A deadlock or a leaked goroutine panics too.
func watch(t *testing.T, s fmt.Stringer, f func(t *testing.T)) {
	timer := time.AfterFunc(realTimeout, func() { panicWithScript("the script takes too long", s) })
	defer timer.Stop()
	defer func() {
		if p := recover(); p != nil {
			panicWithScript(p, s)
		}
	}()
	synctest.Test(t, f)
}

func panicWithScript(p any, s fmt.Stringer) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	panic(fmt.Sprintf("%v\nthe script:\n%v\n%s\n", p, s, buf))
}

func report(t *testing.T, s fmt.Stringer, faults []error) {
	if len(faults) > 0 {
		t.Errorf("%v\nthe script:\n%v", errors.Join(faults...), s)
	}
}

// fault records a fault.
func (r *run) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// fault records a fault of one side.
func (s *side) fault(format string, args ...any) {
	s.run.fault("%s: %w", names[s.index], fmt.Errorf(format, args...))
}

// perform runs the script.
func (r *run) perform() {
	link, a, b := newLink(r.script.Link)
	r.link = link
	if r.script.Link.SpoilHandshake {
		link.Spoil()
	}
	tapA, a := newTap(link, server, a)
	tapB, b := newTap(link, client, b)
	conns, err := connect(a, b, r.script.Sides)
	if err != nil {
		r.fault("handshake: %w", err)
		link.Drop()
		return
	}
	link.Spoil()
	base, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := range r.sides {
		r.sides[i] = newSide(r, i, conns[i], base)
		r.sides[i].tap = []*tap{tapA, tapB}[i]
	}
	begun := time.Now()
	r.act()
	for _, s := range r.sides {
		s.awaitEnd()
	}
	synctest.Wait()
	for _, s := range r.sides {
		s.checkClosure(s.facts())
		s.afterwards()
	}
	if took := time.Since(begun); took > scriptTimeout {
		r.fault("it took %v", took)
	}
	r.check()
}

func newSide(r *run, i int, c *websocket.Conn, base context.Context) *side {
	s := &side{run: r, index: i, conn: c, cfg: r.script.Sides[i], base: base}
	c.OnControl(s.onControl)
	s.tooSmall = limitOf(s.cfg.MaxMessage)
	s.tooLarge = s.tooSmall
	for _, o := range r.script.Ops {
		if o.Side == i {
			s.lanes[o.Lane] = append(s.lanes[o.Lane], o)
		}
	}
	return s
}

func limitOf(n int64) int64 {
	switch {
	case n == 0:
		return websocket.DefaultMaxMessage
	case n < 0:
		return 1<<63 - 1
	}
	return n
}

// act runs the steps of all lanes, and then closes the connection if the script has not
// ended it.
func (r *run) act() {
	var readers, others sync.WaitGroup
	for _, s := range r.sides {
		readers.Go(func() { r.guard(s.read) })
		others.Go(func() { r.guard(func() { s.write(script.Writer0) }) })
		others.Go(func() { r.guard(func() { s.write(script.Writer1) }) })
		others.Go(func() { r.guard(s.control) })
	}
	others.Wait()
	if r.alive() {
		// Both sides read, or will read soon, so that every ping is answered.
		for _, s := range r.sides {
			others.Go(func() { s.ping(context.Background()) })
		}
		others.Wait()
	}
	if r.alive() {
		r.sides[r.script.Last].close(&script.Op{Kind: script.Close, Code: 1000, Reason: "done"})
	}
	readers.Wait()
}

// guard runs f and prints the script if it panics.
func (r *run) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			panicWithScript(p, r.script)
		}
	}()
	f()
}

// alive reports whether both ends are open.
func (r *run) alive() bool {
	return r.sides[0].conn.Context().Err() == nil && r.sides[1].conn.Context().Err() == nil
}

// control runs the steps that neither read nor write messages.
func (s *side) control() {
	for i := range s.lanes[script.Control] {
		o := &s.lanes[script.Control][i]
		time.Sleep(o.Delay)
		switch o.Kind {
		case script.Ping, script.WriteControl:
			s.pingStep(o)
		case script.SetMax:
			s.conn.SetMaxMessage(o.Max)
			s.tooSmall = min(s.tooSmall, limitOf(o.Max))
			s.tooLarge = max(s.tooLarge, limitOf(o.Max))
		case script.Close:
			s.close(o)
		case script.CloseNow:
			s.closeNow()
		case script.Abort:
			s.abort(o.Count > 0)
		case script.Drop:
			s.dropped.Store(true)
			s.link.Drop()
		case script.Vanish:
			s.dropped.Store(true)
			s.link.Vanish(s.index)
		case script.FailWrites:
			s.tap.failWrites(int(o.Max))
		}
	}
}

func (s *side) pingStep(o *script.Op) {
	ctx, cancel := s.context(o)
	defer cancel()
	if o.Kind == script.Ping {
		s.ping(ctx)
		return
	}
	op := wire.OpPing
	if o.Text {
		op = wire.OpPong
	}
	p := bytes.Repeat([]byte{controlByte}, o.Slot)
	err := s.bounded(ctx, o, grace, func() error { return s.conn.WriteControl(ctx, op, p) })
	overwrite(p)
	s.outcome(ctx, o, err)
}

// controlByte fills the payloads of WriteControl.
const controlByte = 'c'

// onControl is the function for OnControl. It leaves all frames to the Conn.
func (s *side) onControl(op wire.Opcode, payload []byte) (handled bool) {
	own := len(payload) == 8 // of a Ping
	switch op {
	case wire.OpPing, wire.OpPong:
		if !own && len(bytes.Trim(payload, string(rune(controlByte)))) > 0 {
			s.fault("%v with %q", op, payload)
		}
	case wire.OpClose:
		if _, _, err := wire.ConsumeClose(payload); err != nil {
			s.fault("close frame %q: %v", payload, err)
		}
	default:
		s.fault("OnControl was called for a frame of %v", op)
	}
	return false
}

func (s *side) ping(ctx context.Context) {
	err := s.bounded(ctx, "Ping", grace, func() error {
		_, err := s.conn.Ping(ctx)
		return err
	})
	if err != nil {
		s.interrupted(ctx, "Ping", err)
	}
}

// afterwards closes this side too, and checks the errors of all calls after the end.
func (s *side) afterwards() {
	ctx := context.Background()
	s.conn.CloseNow()
	check := func(what string, err error) {
		if !errors.Is(err, net.ErrClosed) {
			s.fault("%s after the end: %v", what, err)
		}
	}
	_, _, err := s.conn.Read(ctx)
	check("Read", err)
	_, err = s.conn.Reader(ctx)
	check("Reader", err)
	check("Write", s.conn.Write(ctx, websocket.Text, nil))
	_, err = s.conn.Writer(ctx, websocket.Text)
	check("Writer", err)
	_, err = s.conn.Ping(ctx)
	check("Ping", err)
	check("Close", s.conn.Close(ctx, websocket.StatusNormalClosure, ""))
	check("the context", context.Cause(s.conn.Context()))
	if s.conn.Context().Err() == nil {
		s.fault("the context has not ended")
	}
}
