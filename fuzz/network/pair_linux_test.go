package network

import (
	"slices"
	"testing"
	"time"
)

// The limits of the connections of most tests, and of the waits of redial.
const (
	pingInterval     = time.Second
	pongTimeout      = 4 * time.Second
	handshakeTimeout = 3 * time.Second
	minWait          = 50 * time.Millisecond
	maxWait          = 2 * time.Second
	retryAfter       = time.Second // of a server that is shut down

	// promise is how long a connection may outlive its peer: a ping is sent after at most 1.25
	// PingIntervals of silence.
	promise = pingInterval*5/4 + pongTimeout

	// slack is what a busy machine may need in addition.
	slack = 30 * time.Second
)

// A pair is a server and a client with a session.
type pair struct {
	*hosts
	serverSetup, clientSetup setup
	srv, cli                 *process
}

// newPair starts a server and a client on new hosts. change may be nil, or change the network or the
// setups before that.
func newPair(t *testing.T, change func(p *pair)) *pair {
	t.Helper()
	p := &pair{hosts: begin(t)}
	p.serverSetup = setup{
		Role:         "server",
		PingInterval: pingInterval,
		PongTimeout:  pongTimeout,
		Pause:        5 * time.Millisecond,
		Queue:        32,
	}
	p.clientSetup = p.serverSetup
	p.clientSetup.Role = "client"
	if change != nil {
		change(p)
	}
	p.serverSetup.PeerSize, p.clientSetup.PeerSize = p.clientSetup.Size, p.serverSetup.Size
	p.startServer()
	p.cli = p.start(p.client, p.clientSetup)
	return p
}

// useTLS makes the connections use TLS.
func (p *pair) useTLS() { p.serverSetup.TLS, p.clientSetup.TLS = true, true }

// compress makes the connections use permessage-deflate.
func (p *pair) compress() { p.serverSetup.Compress, p.clientSetup.Compress = true, true }

func (p *pair) startServer() {
	p.t.Helper()
	p.srv = p.start(p.server, p.serverSetup)
	p.srv.await("ready")
}

// flows waits until data arrives on both sides of a new connection.
func (p *pair) flows() {
	p.t.Helper()
	p.cli.await("open")
	p.cli.await("progress")
	p.srv.await("open")
	p.srv.await("progress")
}

// returns waits until data reaches the client on a new connection, and checks that the client has not
// waited for too long since the fault ended.
func (p *pair) returns() {
	p.t.Helper()
	healed := time.Now()
	p.cli.await("open")
	if took := time.Since(healed); took > handshakeTimeout+maxWait+slack {
		p.t.Errorf("client came back after %v, want %v at most", took, handshakeTimeout+maxWait+slack)
	}
	p.cli.await("progress")
	p.srv.await("open")
}

// detects checks that a side, whose peer has vanished at the time since, ends as keepalive promises.
func (p *pair) detects(side *process, since time.Time) {
	p.t.Helper()
	e := p.ends(side, "no pong")
	// The ping without a pong may have left before the fault.
	took, least := time.Since(since), pongTimeout-pingInterval
	if took < least || took > promise+slack {
		p.t.Errorf("%s noticed after %v, want between %v and %v", side.name, took, least, promise+slack)
	}
	p.t.Logf("%s noticed after %v: %s", side.name, took.Round(time.Millisecond), e.Err)
}

// ends waits for the end of a side's connection, and checks its cause.
func (p *pair) ends(side *process, causes ...string) event {
	p.t.Helper()
	e := side.await("end")
	if !slices.Contains(causes, e.Cause) {
		p.t.Errorf("%s's connection ended with %q (%s), want %q", side.name, e.Cause, e.Err, causes)
	}
	return e
}

// finish lets both sides send the rest, and returns how their connection ended. It checks that they
// have got all, except for what policies have dropped, and that it was connection number conn.
func (p *pair) finish(conn int) (server, client event) {
	p.t.Helper()
	p.cli.tell("finish")
	client, server = p.ends(p.cli, "close 1000"), p.ends(p.srv, "closed")
	if client.Conn != conn {
		p.t.Errorf("client finished on connection %d, want %d", client.Conn, conn)
	}
	for side, policy := range map[*process]string{p.cli: p.serverSetup.Policy, p.srv: p.clientSetup.Policy} {
		e := side.await("done")
		if policy == "" && e.Missing != 0 {
			p.t.Errorf("%s missed %d of %d messages", side.name, e.Missing, e.Received)
		}
		p.t.Logf("%s received %d messages", side.name, e.Received-e.Missing)
	}
	return server, client
}
