package network

import (
	"testing"
	"time"
)

// Both sides notice that the network delivers nothing any more, however much they send: the system
// accepts all of a little, but not all of much. When the network is back, so is the client, and the
// session continues without a loss.
func TestPartition(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pause time.Duration
		size  int
		tls   bool
	}{
		"much":            {5 * time.Millisecond, 0, false},
		"much over TLS":   {5 * time.Millisecond, 0, true},
		"little":          {200 * time.Millisecond, 32, false},
		"little over TLS": {200 * time.Millisecond, 32, true},
		"nothing":         {time.Hour, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, func(p *pair) {
				p.serverSetup.Pause, p.serverSetup.Size = tt.pause, tt.size
				p.clientSetup.Pause, p.clientSetup.Size = tt.pause, tt.size
				if tt.tls {
					p.useTLS()
				}
			})
			p.cli.await("open")
			p.srv.await("open")
			if name != "nothing" {
				p.cli.await("progress")
				p.srv.await("progress")
			}
			fault := time.Now()
			p.forward(drop)
			p.detects(p.cli, fault)
			p.detects(p.srv, fault)
			p.forward()
			p.cli.await("open")
			p.srv.await("open")
			p.finish(2)
		})
	}
}

// The client's host loses its link, with its address and routes. Its attempts to dial fail at once,
// so that the waits between them grow.
func TestLinkDown(t *testing.T) {
	p := newPair(t, nil)
	p.flows()
	fault := time.Now()
	p.ip(p.client, "link set uplink down")
	p.detects(p.cli, fault)
	p.detects(p.srv, fault)
	p.cli.awaitThat("tenth attempt", func(e event) bool { return e.Kind == "retry" && e.Attempt == 10 })
	p.connect(p.client, clientIP, clientGateway)
	p.returns()
	p.finish(2)
}

// The server's process dies, and the network drops what its system sends then: the connection is
// half open. A new server knows nothing of the session.
func TestServerDies(t *testing.T) {
	p := newPair(t, nil)
	p.flows()
	fault := time.Now()
	p.forward(toClient + drop)
	p.srv.kill()
	p.detects(p.cli, fault)
	p.forward()
	p.startServer()
	p.returns()
	p.finish(2)
}

// Nothing reaches the client any more, but all that it sends arrives. It is not acknowledged, so that
// TCP soon sends nothing new. The server may therefore notice first.
func TestOneWay(t *testing.T) {
	p := newPair(t, nil)
	p.flows()
	p.forward(toClient + drop)
	p.ends(p.cli, "no pong")
	p.ends(p.srv, "no pong", "eof", "reset")
	p.forward()
	p.returns()
	p.finish(2)
}

// A connection survives a slow link, over which a message takes several times as long as keepalive
// waits for a pong. The client sends nothing but pongs. The server's ping waits first until its message
// has been written, and then until what the system holds has been sent.
func TestSlow(t *testing.T) {
	p := newPair(t, func(p *pair) {
		p.serverSetup.Size, p.serverSetup.Queue = 512<<10, 1
		p.clientSetup.Pause = time.Hour
		p.slow(320)
	})
	p.cli.await("progress")
	p.finish(1)
}

// A connection survives the loss of a tenth of all packets, in each direction.
func TestLoss(t *testing.T) {
	p := newPair(t, func(p *pair) {
		p.patient()
		p.forward(loseTenth)
	})
	p.survives()
}

// patient lets a lossy connection be silent for longer: TCP waits twice as long before each attempt
// to send a packet again.
func (p *pair) patient() {
	p.serverSetup.PongTimeout, p.clientSetup.PongTimeout = 20*time.Second, 20*time.Second
}

// survives waits until both sides have received many messages on their first connection.
func (p *pair) survives() {
	p.t.Helper()
	for _, side := range []*process{p.cli, p.srv} {
		side.awaitThat("message 500", func(e event) bool { return e.Kind == "progress" && e.Received >= 500 })
	}
	p.finish(1)
}
