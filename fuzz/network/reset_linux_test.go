package network

import (
	"testing"
	"time"
)

// size is the size of messages of which a part has arrived when the connection breaks, in KiB.
const size = 512

// large makes the server send large messages, and the client none.
func large(p *pair) {
	p.serverSetup.Size, p.serverSetup.Queue = size<<10, 2
	p.clientSetup.Pause = time.Hour
}

// A system reports a reset once. If it does so to a writer, a reader sees the end of the stream.
var toReaderOrWriter = []string{"reset", "eof"}

// The router answers with resets after a number of KiB, in the middle of a frame. No part of its
// message is delivered, and the next connection begins with it.
func TestReset(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) { testReset(newPair(t, large)) })
	t.Run("TLS", func(t *testing.T) {
		testReset(newPair(t, func(p *pair) {
			large(p)
			p.useTLS()
		}))
	})
}

func testReset(p *pair) {
	counts := []int{300, 300, 700, 1300} // in KiB; connections after the first begin with a new count
	p.forward(after(counts[0], reset))
	for i, kib := range counts {
		opened := p.cli.await("open")
		p.ends(p.srv, toReaderOrWriter...)
		e := p.ends(p.cli, "reset")
		if got := e.Received - opened.Received; i > 0 && got != uint64(kib/size) {
			p.t.Errorf("connection %d delivered %d messages of %d KiB from %d KiB", e.Conn, got, size, kib)
		}
		if i < len(counts)-1 {
			p.forward(after(counts[i+1], reset))
		}
	}
	p.forward()
	p.returns()
	p.finish(len(counts) + 1)
}

// The client's system destroys the connection in the middle of a frame, and sends a reset.
func TestClientDestroyed(t *testing.T) {
	p := newPair(t, large)
	p.forward(after(300, drop))
	p.awaitFault()
	p.destroySockets(p.client)
	p.ends(p.cli, "aborted")
	p.ends(p.srv, toReaderOrWriter...)
	p.forward()
	p.returns()
	p.finish(2)
}

// The server's system destroys the connection in the middle of a frame. Its reset is lost, but a
// ping of the client gets another.
func TestServerDestroyed(t *testing.T) {
	p := newPair(t, large)
	p.forward(after(300, drop))
	p.awaitFault()
	p.destroySockets(p.server)
	p.ends(p.srv, "aborted", "eof")
	p.forward()
	p.ends(p.cli, "reset")
	p.returns()
	p.finish(2)
}

// The server dies in the middle of a frame, and nothing more comes from its host.
func TestDiesInFrame(t *testing.T) {
	p := newPair(t, large)
	p.forward(after(300, drop))
	p.awaitFault()
	p.srv.kill()
	p.ends(p.cli, "no pong")
	p.forward()
	p.startServer()
	p.returns()
	p.finish(2)
}
