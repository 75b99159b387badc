package websocket_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

const (
	blockSize = transport.BlockSize
	largeSize = transport.LargeSize
	probeTime = transport.ProbeTime
	grace     = transport.Grace
)

// isNil reports whether the named field of a half of a transport is nil.
func isNil(half any, field string) bool {
	return reflect.ValueOf(half).Elem().FieldByName(field).IsNil()
}

// A tape is a transport in memory. It returns the same bytes over and over, and discards
// what is written.
type tape struct {
	net.Conn
	bytes []byte
	next  int
}

func (t *tape) Read(p []byte) (int, error) {
	n := copy(p, t.bytes[t.next:])
	if t.next += n; t.next == len(t.bytes) {
		t.next = 0
	}
	return n, nil
}

func (t *tape) Write(p []byte) (int, error)      { return len(p), nil }
func (t *tape) SetDeadline(time.Time) error      { return nil }
func (t *tape) SetReadDeadline(time.Time) error  { return nil }
func (t *tape) SetWriteDeadline(time.Time) error { return nil }
func (t *tape) Close() error                     { return nil }

// newTape returns a Conn that reads copies of a message. The masking key of a client is 0,
// so that unmasking the same bytes in place again and again does not change them.
func newTape(role wire.Role, t MessageType, payload []byte, copies int) *Conn {
	frame := wire.AppendHeader(nil, wire.Header{
		Fin: true, Opcode: wire.Opcode(t), Length: int64(len(payload)), Masked: role == wire.Server,
	})
	frame = append(frame, payload...)
	var stream []byte
	for range copies {
		stream = append(stream, frame...)
	}
	return NewConn(context.Background(), &tape{bytes: stream}, &ConnOptions{Role: role, Limits: Limits{}})
}

// A wornOut is a transport whose writes fail after the given number of writes.
type wornOut struct {
	net.Conn
	writes int
}

var errWornOut = errors.New("worn out")

func (w *wornOut) Write(p []byte) (int, error) {
	if w.writes--; w.writes < 0 {
		return 0, errWornOut
	}
	return w.Conn.Write(p)
}

// worn returns a function that wraps a transport in a wornOut.
func worn(writes int) func(net.Conn) net.Conn {
	return func(nc net.Conn) net.Conn { return &wornOut{nc, writes} }
}
