package network

import (
	"testing"
	"time"
)

// overrun makes the server send more than the link to the client carries.
func overrun(policy string) func(p *pair) {
	return func(p *pair) {
		p.serverSetup.Policy = policy
		p.serverSetup.Size, p.serverSetup.Pause = 4<<10, 2*time.Millisecond
		p.smallBuffers()
		p.slow(2000)
	}
}

// dropPolicies are the policies that keep the connection.
var dropPolicies = []string{"drop oldest", "drop newest"}

// The numbers that a slow client misses are those of the messages that the queue has counted as
// dropped, and no others.
func TestDrops(t *testing.T) {
	t.Parallel()
	for _, policy := range dropPolicies {
		t.Run(policy, func(t *testing.T) {
			p := newPair(t, overrun(policy))
			p.awaitMissing(100)
			server, client := p.finish(1)
			if got := int64(client.Missing); got != server.Dropped {
				t.Errorf("client missed %d messages, but the queue has dropped %d", got, server.Dropped)
			}
			const others = 2 // have, last
			if got := int64(client.Received-client.Missing) + others; got != server.Written {
				t.Errorf("client received %d messages, but the server has written %d", got, server.Written)
			}
		})
	}
}

// awaitMissing waits until the client misses n messages.
func (p *pair) awaitMissing(n uint64) {
	p.t.Helper()
	p.cli.awaitThat("missing messages", func(e event) bool { return e.Kind == "progress" && e.Missing >= n })
}

// As TestDrops, but the connection is lost. Whatever the client has not got was dropped, or written
// and in flight, or waited and is counted as dropped, too.
func TestDropsAndPartition(t *testing.T) {
	t.Parallel()
	for _, policy := range dropPolicies {
		t.Run(policy, func(t *testing.T) {
			p := newPair(t, overrun(policy))
			p.awaitMissing(100)
			p.forward(drop)
			client, server := p.ends(p.cli, "no pong"), p.ends(p.srv, "no pong")
			if got := int64(client.Missing); got > server.Dropped {
				t.Errorf("client missed %d messages, but the queue has dropped %d", got, server.Dropped)
			}
			if got := int64(client.Received-client.Missing) + 1; got > server.Written {
				t.Errorf("client received %d messages, but the server has written %d", got, server.Written)
			}
			p.forward()
			p.returns()
			server2, client2 := p.finish(2)
			if got := int64(client2.Missing - client.Missing); got != server2.Dropped {
				t.Errorf("client then missed %d messages, but the queue has dropped %d", got, server2.Dropped)
			}
		})
	}
}

// A queue closes the connection of a client that does not keep up. The code tells the client that it
// may come back.
func TestTryAgainLater(t *testing.T) {
	p := newPair(t, overrun("try again later"))
	p.ends(p.srv, "closed")
	p.ends(p.cli, "close 1013")
	if e := p.cli.await("retry"); e.Class != "busy" {
		t.Errorf("client retries as %s, want busy: %s", e.Class, e.Err)
	}
	p.fast()
	p.cli.tell("finish")
	p.cli.await("done") // perhaps after another such close
}

// As TestTryAgainLater, but the code tells the client not to come back.
func TestPolicyViolation(t *testing.T) {
	p := newPair(t, overrun("policy violation"))
	p.ends(p.srv, "closed")
	p.ends(p.cli, "close 1008")
	if e := p.cli.await("refused"); e.Class != "refused" {
		t.Errorf("client ended as %s, want refused: %s", e.Class, e.Err)
	}
}

// A server that is shut down closes its connections, and refuses others. The client waits for as
// long as it asks, and comes back when there is a new server.
func TestShutdown(t *testing.T) {
	p := newPair(t, nil)
	p.flows()
	p.srv.tell("shutdown")
	p.ends(p.srv, "closed")
	if e := p.srv.await("shut"); e.Err != "<nil>" {
		t.Errorf("shutdown: %s", e.Err)
	}
	p.ends(p.cli, "close 1001")
	for _, class := range []string{"clean", "busy"} {
		p.cli.awaitThat("retry of class "+class, func(e event) bool {
			return e.Kind == "retry" && e.Class == class
		})
	}
	p.srv.kill()
	p.startServer()
	p.returns()
	p.finish(2)
}
