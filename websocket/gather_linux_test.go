package websocket_test

import (
	"bytes"
	"net"
	"syscall"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
)

// A rawReads is the system's handle of a socket that counts attempts to read.
type rawReads struct {
	syscall.RawConn
	attempts int
}

func (r *rawReads) Read(f func(fd uintptr) bool) error {
	return r.RawConn.Read(func(fd uintptr) bool { r.attempts++; return f(fd) })
}

// After a large message, a loop reads a message of the same size with one system call, and a small
// message makes the buffers small again. With a budget, they are always small.
func TestLargeMessagesAreReadAtOnce(t *testing.T) {
	for _, budget := range []*Budget{nil, NewBudget(1 << 30)} {
		ours, theirs := netPair(t, "unix")
		c, p := newPeerOver(t, ours, theirs, ConnOptions{Limits: Limits{Budget: budget}})
		raw, err := ours.(*net.UnixConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		reads := &rawReads{RawConn: raw}
		c.Transport().SetRaw(reads)
		for i, row := range []struct {
			size, fragment int
			once           bool // after the message before it
		}{
			{64 << 10, 64 << 10, false}, {64 << 10, 64 << 10, true}, {64 << 10, 4 << 10, true},
			{20, 20, true}, {64 << 10, 64 << 10, false},
		} {
			data := pattern(row.size, 0)
			p.Write(p.fragmented(data, row.fragment)) // as much as fits into the socket
			reads.attempts = 0
			for m, err := range c.Messages(bounded(t)) {
				if err != nil || !bytes.Equal(m.Data, data) {
					t.Fatalf("got %d bytes, %v, want the %d bytes sent", len(m.Data), err, len(data))
				}
				if once := reads.attempts == 1; once != (row.once && (budget == nil || i == 3)) {
					t.Errorf("message %d, budget %v: %d reads", i, budget != nil, reads.attempts)
				}
				break
			}
		}
	}
}
