package wstest

import (
	"fmt"
	"net"
)

// Faults break or delay one direction of a [Pipe]. Its methods may be called at any time, and take
// effect on calls that are waiting.
//
// A server may call them when the client has not read the 101 response yet, which Stall and Reset
// then stop, too. To break the connection later, let the client send something first.
type Faults struct {
	link *link
	to   *end // the end that receives
}

// Outgoing returns the faults of what nc sends. nc is an end of a [Pipe], or a connection over one
// whose method NetConn() net.Conn leads to it, such as a [crypto/tls.Conn]. Outgoing panics
// otherwise. For a connection of [Pair] or [NetDial], nc is [websocket.Conn.NetConn].
func Outgoing(nc net.Conn) *Faults {
	e := endOf(nc)
	return &Faults{e.link, e.peer}
}

// Incoming returns the faults of what nc receives. See [Outgoing].
func Incoming(nc net.Conn) *Faults {
	e := endOf(nc)
	return &Faults{e.link, e}
}

// endOf returns the end of a Pipe that nc is, or is a connection over.
func endOf(nc net.Conn) *end {
	for inner := nc; ; {
		switch c := inner.(type) {
		case *end:
			return c
		case interface{ NetConn() net.Conn }:
			inner = c.NetConn()
		default:
			panic(fmt.Sprintf("wstest: %T is not over a Pipe", nc))
		}
	}
}

// CutAfter ends the stream after n more bytes are written: the receiver reads them and then
// [io.EOF], and the sender's write of any more bytes fails with [syscall.EPIPE]. A negative n
// cancels a cut that has not happened yet.
func (f *Faults) CutAfter(n int64) {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	s := &f.to.in
	if s.cut = n; n < 0 {
		s.cut = noCut
	}
	s.ended = s.ended || s.cut == 0
	f.link.change.Broadcast()
}

// Stall holds back everything until Resume: bytes, also those that have been written but not read,
// and the news that the sender has closed. The sender can write until the buffer of 64 KiB is full.
// If both directions are stalled, the connection is half open, as after a cable was cut.
func (f *Faults) Stall() { f.stall(true) }

// Resume ends Stall. What was held back arrives.
func (f *Faults) Resume() { f.stall(false) }

func (f *Faults) stall(stalled bool) {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	if s := &f.to.in; !stalled || !s.reset { // a reset that has arrived stays
		s.stalled = stalled
	}
	f.link.change.Broadcast()
}

// Reset breaks both directions at once, even while they are stalled: bytes that have not been read
// are lost, and reads and writes at both ends fail with [syscall.ECONNRESET].
func (f *Faults) Reset() {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	for i := range f.link.ends {
		s := &f.link.ends[i].in
		s.breakOff()
		s.stalled = false
	}
	f.link.change.Broadcast()
}
