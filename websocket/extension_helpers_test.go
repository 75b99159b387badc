package websocket_test

import (
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// runsPair returns two connected Conns with the runs extension, and their sessions.
func runsPair(t *testing.T, kind string, limits Limits) (client, server *Conn, cs, ss *runs) {
	t.Helper()
	cs, ss = newRuns(t), newRuns(t)
	client, server = sessionPair(t, kind, limits, cs, ss)
	return client, server, cs, ss
}

// runsPeer returns a Conn with the runs extension and its session, and a peer with a session
// to make frames for it.
func runsPeer(t *testing.T, role wire.Role, limits Limits) (c *Conn, p *peer, ours, theirs *runs) {
	t.Helper()
	ours, theirs = newRuns(t), newRuns(t)
	a, b := netPair(t, "pipe")
	c, p = newPeerOver(t, a, b, ConnOptions{Role: role, Session: ours, Limits: limits})
	return c, p, ours, theirs
}

// encode returns data as the extension encodes it.
func (s *runs) encode(data string) string {
	s.t.Helper()
	b, err := s.Encode(wire.MessageInfo{Size: -1}).Append(nil, []byte(data), true)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// decode returns the decoded payload.
func (s *runs) decode(payload []byte) []byte {
	s.t.Helper()
	d, err := s.Decode(runsBit)
	if err != nil {
		s.t.Fatal(err)
	}
	defer d.Release()
	b, _, more, err := d.Append(nil, payload, true, 1<<30)
	if err != nil || more {
		s.t.Fatal(err)
	}
	return b
}

// extFrame is like Frame, but sets the reserved bit of the extension.
func (p *peer) extFrame(op wire.Opcode, fin bool, payload string) []byte {
	b := p.Frame(op, fin, payload)
	b[0] |= runsBit << 4
	return b
}
