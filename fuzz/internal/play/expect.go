package play

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// An expectation is the expected result of a stream.
type expectation struct {
	messages []order.Got
	pings    [][]byte
	fault    *model.Fault // in the frames
	coding   bool         // there may be a fault in compressed data, anywhere after messages
	closed   bool
	code     int
	reason   string
}

// expect returns the model's result for the stream of the peer. Whether there are too many
// control frames depends on the time, so expect takes the place from the error of the Conn,
// and checkFlood checks that the place is plausible.
func (d *peerRun) expect(stream []byte) expectation {
	c := model.Config{
		Server: d.script.Server, MaxFrame: -1, MaxControls: -1,
		MaxMessage:        orDefault(d.script.Side.MaxMessage, websocket.DefaultMaxMessage),
		MaxEmptyFragments: orDefault(int64(d.script.Empty), websocket.DefaultMaxEmptyFragments),
	}
	if d.session != nil {
		c.RSV = 4
	}
	flood := d.flood()
	if flood != nil && flood.Offset <= int64(len(stream)) {
		stream = stream[:flood.Offset-1] // without the frame, whose second byte is at the offset
	} else {
		flood = nil
	}
	r := model.Decode(c, stream)
	if flood != nil && r.Fault == nil {
		r.Fault = &model.Fault{Rule: model.ControlFlood, At: flood.Offset, Size: flood.Size,
			Limit: flood.Limit}
	}
	e := expectation{fault: r.Fault, closed: r.Closed, code: r.Code, reason: string(r.Reason)}
	var open *model.Message // not whole yet
	for i, n := 0, 0; i < len(r.Frames); i++ {
		switch f := &r.Frames[i]; {
		case f.Opcode == 9:
			e.pings = append(e.pings, f.Payload)
		case f.Opcode >= 8:
		case n < len(r.Messages) && f.Fin && uint64(len(f.Payload)) == f.Length:
			m := r.Messages[n]
			n++
			if open = nil; !m.Coded {
				e.messages = append(e.messages, order.Got{Type: m.Opcode, Data: m.Payload})
				continue
			}
			out, err := d.decode(m.Payload, c.MaxMessage)
			if err != nil || m.Opcode == 1 && !whole(out) {
				e = expectation{messages: e.messages, pings: e.pings, coding: true}
				if d.begun { // a Close may discard it unread, and answers later pings
					e.pings = append(e.pings, pings(r.Frames[i+1:])...)
				}
				return e
			}
			e.messages = append(e.messages, order.Got{Type: m.Opcode, Data: out})
		default:
			if f.Opcode != 0 {
				open = &model.Message{Opcode: f.Opcode, Coded: f.RSV != 0}
			}
		}
	}
	if open != nil && open.Coded { // a message may have a fault before its end
		e.coding = true
	}
	return e
}

func pings(frames []model.Frame) (all [][]byte) {
	for i := range frames {
		if frames[i].Opcode == 9 {
			all = append(all, frames[i].Payload)
		}
	}
	return all
}

func whole(p []byte) bool {
	_, ok := model.Text(p)
	return ok
}

// flood returns the error of the Conn about too many control frames, or nil.
func (d *peerRun) flood() *wire.Error {
	for _, err := range []error{d.final, d.cause()} {
		var w *wire.Error
		if errors.As(err, &w) && w.Violation == wire.ErrControlFlood {
			return w
		}
	}
	return nil
}

// checkFlood checks that the Conn accepted as many control frames as MaxControls allows at
// once and, if all were read, no more than it allows in the time.
func (d *peerRun) checkFlood(stream []byte, all bool) {
	max := orDefault(d.script.Side.MaxControls, websocket.DefaultMaxControls)
	most := max + int(d.took/(time.Second/50)) + 1
	w := d.flood()
	if w != nil {
		stream = stream[:min(w.Offset-1, int64(len(stream)))]
	}
	taken := 0
	for _, f := range frames(!d.script.Server, stream).Frames {
		if f.Opcode > 8 {
			taken++
		}
	}
	if w != nil && (taken < max || w.Limit != int64(max)) || (w != nil || all) && taken > most {
		d.fault("%d control frames were accepted, of %d at once and %d in %v, before %v",
			taken, max, most, d.took, w)
	}
}

var errOver = errors.New("over the limit")

// decode decompresses a message in one piece.
func (d *peerRun) decode(payload []byte, limit int64) (out []byte, err error) {
	dec, err := d.session.Decode(4)
	if err != nil {
		return nil, err
	}
	defer dec.Release()
	for more := true; more; {
		var n int
		out, n, more, err = dec.Append(out, payload, true, 64<<10)
		if payload = payload[n:]; err != nil {
			return nil, err
		}
		if limit >= 0 && int64(len(out)) > limit {
			return nil, errOver
		}
	}
	return out, nil
}

// check compares the Conn with the model.
func (d *peerRun) check(stream []byte) {
	calm := d.script.Calm()
	e := d.expect(d.tap.received())
	d.checkFlood(d.tap.received(), false)
	d.checkClosure(facts{
		in: frames(!d.script.Server, d.tap.received()), out: frames(d.script.Server, d.tap.sent()),
		peerFault: e.fault,
		unsure:    e.coding,
	})
	if err := sameMessages(d.got, e.messages, !d.begun && !e.coding); err != "" {
		d.fault("%s", err)
	}
	if calm {
		e = d.expect(stream) // the Conn has read all of it that matters
		d.checkFlood(stream, e.fault == nil && !e.coding)
		if err := sameMessages(d.got, e.messages, !e.coding); err != "" {
			d.fault("%s", err)
		}
	}
	sent := d.checkSent()
	if sent == nil {
		return
	}
	if got := closeFrame(*sent); sent.Closed && d.conn.Closure().Sent != got {
		d.fault("the peer got the close frame %+v, and the Closure is %+v", got, d.conn.Closure())
	}
	d.checkPongs(sent, e, calm)
	if calm {
		d.checkEnd(sent, e)
	} else if sent.Closed && !d.closedWith(closeFrame(*sent)) && !e.coding {
		// Even if the run is not calm, the Conn must not close for a wrong reason.
		fault := e.fault != nil && sent.Code == e.fault.Rule.Code()
		if !fault && (!e.closed || sent.Code != e.code) {
			d.fault("the Conn closed with %d %q, for fault %+v, close %v %d",
				sent.Code, sent.Reason, e.fault, e.closed, e.code)
		}
	}
}

func sameMessages(got, want []order.Got, all bool) string {
	for i, g := range got {
		if i >= len(want) {
			return "received a message that was never sent: " + g.String()
		}
		if w := want[i]; g.Type != w.Type || !bytes.Equal(g.Data, w.Data) {
			return "got " + g.String() + ", want " + w.String()
		}
	}
	if all && len(got) < len(want) {
		return "missing: " + want[len(got)].String()
	}
	return ""
}

// checkSent checks that the Conn sent only valid frames, and the messages of its writes. It
// returns the result of the model.
func (d *peerRun) checkSent() *model.Result {
	c := model.Config{
		Server: !d.script.Server, MaxFrame: -1, MaxMessage: -1, MaxControls: -1, MaxEmptyFragments: -1,
		AnyText: true, // otherwise each frame takes as long as all before it
	}
	if d.session != nil {
		c.RSV = 4
	}
	r := model.Decode(c, d.received)
	if r.Fault != nil {
		d.fault("the Conn sent an invalid stream: %+v", *r.Fault)
		return nil
	}
	if !d.script.Server && predictable(r.Frames) {
		d.fault("the Conn's masking keys, from % x on, are predictable", r.Frames[0].Key)
	}
	window := inflate.Stream{Window: 1 << 15}
	var got []order.Got
	for _, m := range r.Messages {
		g := order.Got{Type: m.Opcode, Data: m.Payload}
		if m.Coded {
			in, err := window.Message(m.Payload)
			if err != nil {
				d.fault("the Conn sent a message that does not inflate: %v", err)
				return nil
			}
			g.Data = in.Out
		}
		if g.Type == 1 && !whole(g.Data) {
			d.fault("the Conn sent invalid text: %v", g)
		}
		got = append(got, g)
	}
	complete := d.script.Calm() && (!d.script.Link.HalfClose || r.Closed)
	if err := order.Check([2][]order.Sent{d.writes}, got, complete); err != nil {
		d.fault("from the Conn: %w", err)
	}
	return &r
}

// predictable reports whether all masking keys are the same, or differ by the same step. For
// four random keys the probability is 2^-64.
func predictable(frames []model.Frame) bool {
	key := func(i int) uint32 { return binary.BigEndian.Uint32(frames[i].Key[:]) }
	for i := 2; i < len(frames); i++ {
		if key(i)-key(i-1) != key(1)-key(0) {
			return false
		}
	}
	return len(frames) > 3
}

// checkPongs checks that each ping was answered, in order.
func (d *peerRun) checkPongs(sent *model.Result, e expectation, calm bool) {
	var pongs [][]byte
	size := 0
	for i := range sent.Frames {
		if f := &sent.Frames[i]; f.Opcode == 10 && uint64(len(f.Payload)) == f.Length {
			pongs = append(pongs, f.Payload)
		}
	}
	for _, p := range e.pings {
		size += len(p) + 1
	}
	exact := calm && size < 16<<10 && !e.coding
	at := 0
	for i, p := range pongs {
		for ; at < len(e.pings) && !bytes.Equal(e.pings[at], p); at++ {
			if exact {
				d.fault("pong %d is %.20q, want %.20q", i, p, e.pings[at])
				return
			}
		}
		if at == len(e.pings) {
			d.fault("pong %d, %.20q, answers no ping, or is too late", i, p)
			return
		}
		at++
	}
	if exact && at < len(e.pings) {
		d.fault("%d pongs for %d pings", len(pongs), len(e.pings))
	}
}

// checkEnd checks the last error of the reader, and the Conn's close frame.
func (d *peerRun) checkEnd(sent *model.Result, e expectation) {
	var closed *websocket.CloseError
	var own *websocket.Error
	var w *wire.Error
	errors.As(d.final, &own)
	switch {
	case e.coding:
		if sent.Closed && sent.Code != 1007 && sent.Code != 1009 &&
			(e.fault == nil || sent.Code != e.fault.Rule.Code()) {
			d.fault("the Conn closed with %d %q for a compressed message: %v",
				sent.Code, sent.Reason, d.final)
		}
	case e.fault != nil:
		want := e.fault.Rule.Code()
		if own == nil || !errors.As(d.final, &w) || w.Offset != e.fault.At || int(own.Code) != want {
			d.fault("the read ended with %v, want %+v", d.final, *e.fault)
		}
		if !sent.Closed || sent.Code != want {
			d.fault("the peer got close=%v %d, want %d", sent.Closed, sent.Code, want)
		}
	case e.closed:
		if !errors.As(d.final, &closed) || int(closed.Code) != e.code || closed.Reason != e.reason {
			d.fault("the read ended with %v, want close %d %q", d.final, e.code, e.reason)
		}
		if !sent.Closed || sent.Code != e.code || len(sent.Reason) > 0 {
			d.fault("the peer got close=%v %d %q, want %d", sent.Closed, sent.Code, sent.Reason, e.code)
		}
	default:
		if !errors.Is(d.final, io.ErrUnexpectedEOF) || sent.Closed {
			d.fault("the read ended with %v, want an unexpected EOF; close=%v %d",
				d.final, sent.Closed, sent.Code)
		}
	}
}
