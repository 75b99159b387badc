package wstest

import (
	"fmt"
	"net"
)

// Faults breaks or delays one direction of a [Pipe]. Its methods may be called at any time, and
// also affect reads and writes that are waiting.
//
// When Serve begins on a server, the client may not have read the 101 response yet. Stall and Reset
// then keep the response from it, too. To break the connection later, first read a message that the
// client sends.
type Faults struct {
	link *link
	to   *end // the end that receives
}

// Outgoing returns the Faults of the direction in which nc sends. nc must be an end of a [Pipe], or
// a connection over one whose method NetConn() net.Conn returns it, such as a [crypto/tls.Conn].
// Otherwise, Outgoing panics. For a connection of [Pair] or [NetDial], nc is
// [websocket.Conn.NetConn].
func Outgoing(nc net.Conn) *Faults {
	e := endOf(nc)
	return &Faults{e.link, e.peer}
}

// Incoming returns the Faults of the direction in which nc receives. See [Outgoing].
func Incoming(nc net.Conn) *Faults {
	e := endOf(nc)
	return &Faults{e.link, e}
}

// endOf returns the end of a Pipe that nc is or that is below nc.
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

// CutAfter ends the stream after n more bytes: the receiver reads them and then [io.EOF], and the
// sender's write of any more bytes fails with [syscall.EPIPE]. A negative n cancels a cut that has
// not happened yet.
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

// Stall holds back everything until Resume: all bytes that have not been read, and the news that
// the sender has closed. The sender can write until the buffer of 64 KiB is full. If both
// directions are stalled, the connection is half open, as if a cable were cut.
func (f *Faults) Stall() { f.stall(true) }

// Resume ends Stall. Everything that was held back arrives.
func (f *Faults) Resume() { f.stall(false) }

func (f *Faults) stall(stalled bool) {
	f.link.mu.Lock()
	defer f.link.mu.Unlock()
	if s := &f.to.in; !stalled || !s.reset { // a reset that has arrived stays
		s.stalled = stalled
	}
	f.link.change.Broadcast()
}

// Reset breaks both directions at once, even if they are stalled. Bytes that have not been read are
// lost. Reads and writes at both ends fail with [syscall.ECONNRESET].
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
