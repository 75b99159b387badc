package wstest

import "net"

// Pipe returns the two ends of a stream in memory. Like TCP, and unlike [net.Pipe], it buffers 64
// KiB in each direction, so that a write does not wait for a read, and its ends have CloseWrite and
// CloseRead-like half closes. Deadlines work. See [Outgoing] for its faults.
func Pipe() (a, b net.Conn) { panic("not yet") }

// Faults are the faults of one direction of a [Pipe]. All methods may be called at any time.
type Faults struct{}

// Outgoing returns the faults of what nc sends. nc must be an end of a [Pipe], as
// [websocket.Conn.NetConn] returns it on a connection of [Pair] or [NetDial]; Outgoing panics
// otherwise.
func Outgoing(nc net.Conn) *Faults { panic("not yet") }

// Incoming returns the faults of what nc receives. See [Outgoing].
func Incoming(nc net.Conn) *Faults { panic("not yet") }

// CutAfter ends the stream after n more bytes: the receiver reads them and then io.EOF, and later
// writes of the sender fail with syscall.EPIPE.
func (f *Faults) CutAfter(n int64) { panic("not yet") }

// Stall holds back all bytes, also those that have been written and not read, until Resume. Stalled
// in both directions, a connection is half open, as when a cable is cut.
func (f *Faults) Stall() { panic("not yet") }

// Resume ends Stall.
func (f *Faults) Resume() { panic("not yet") }

// Reset breaks both directions: bytes that have not been read are lost, and reads and writes of
// both ends fail with syscall.ECONNRESET.
func (f *Faults) Reset() { panic("not yet") }
