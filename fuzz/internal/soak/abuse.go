package soak

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// abuses lists the abuses. All are equally likely. do returns nil if the server reacted as required, and
// otherwise an error that says how it reacted. A reaction that takes longer than the server's own timeouts
// and Config.Margin together is also an error.
var abuses = []struct {
	name  string
	must  string // the required reaction of the server
	waits bool   // the server reacts only after one of its timeouts
	do    func(*abuser) error
}{
	{"garbage instead of a handshake", "400 or a drop", true, (*abuser).garbageBefore},
	{"garbage inside a handshake", "400", false, (*abuser).garbageWithin},
	{"an invalid handshake", "400, 405 or 426", false, (*abuser).badHandshake},
	{"a handshake that stalls", "a drop", true, (*abuser).stallHandshake},
	{"garbage instead of frames", "1002", false, (*abuser).garbageFrames},
	{"a stall inside a frame header", "1008, then a drop", true, (*abuser).stallHeader},
	{"a stall inside a payload", "1008, then a drop", true, (*abuser).stallPayload},
	{"a stream that ends inside a frame", "a drop", false, (*abuser).endWithin},
	{"a reset at any point", "nothing", false, (*abuser).abort},
	{"a flood of empty fragments", "1008", false, (*abuser).emptyFragments},
	{"a flood of tiny fragments", "1009", false, (*abuser).tinyFragments},
	{"a flood of pings", "1008", false, (*abuser).pings},
	{"a length of 2^62", "1009", false, (*abuser).hugeLength},
	{"a length of 2^63 or more", "1002", false, (*abuser).negativeLength},
	{"a message that inflates beyond the limit", "1009", false, (*abuser).bomb},
	{"invalid compressed data", "1007", false, (*abuser).badDeflate},
	{"invalid UTF-8", "1007", false, (*abuser).badText},
	{"an unanswered close frame", "1000, then a drop", true, (*abuser).ignoreClose},
	{"a client that stops reading", "a drop", true, (*abuser).stopReading},
}

// abuser is an abusive client. It opens one connection after another.
type abuser struct {
	*clientEnv
	id  int
	rng *rand.Rand
	*raw
}

// run commits abuses until the phase ends, and finishes the last one.
func (a *abuser) run() {
	for a.wait(a.pause()); a.phase.Err() == nil; a.wait(a.pause()) {
		kind := a.choose()
		err := a.connect()
		if err == nil {
			err = abuses[kind].do(a)
			_ = a.Close()
		}
		if a.all.Err() == nil {
			a.tally.abuse(kind, err)
		}
	}
}

// choose returns the index of a random abuse. Near the end of the phase it excludes those that wait
// for a timeout of the server.
func (a *abuser) choose() int {
	s := &a.cfg.Server
	longest := max(s.IdleTimeout, s.WriteTimeout, s.HeaderTimeout) + s.CloseTimeout
	for {
		kind := a.rng.IntN(len(abuses))
		if !abuses[kind].waits || time.Now().Add(longest).Before(a.until) {
			return kind
		}
	}
}

// pause returns a random pause of some seconds, or less in a short soak.
func (a *abuser) pause() time.Duration {
	return randomPause(a.rng, min(5*time.Second, a.cfg.Duration/20))
}

// connect opens a connection with a deadline after the slowest permissible reaction of the server.
func (a *abuser) connect() (err error) {
	s := &a.cfg.Server
	slowest := s.IdleTimeout + s.WriteTimeout + s.CloseTimeout + s.HeaderTimeout
	a.raw, err = dialRaw(a.all, a.server, slowest+a.cfg.Margin)
	return err
}

// path returns a random path of the server, with a topic.
func (a *abuser) path() string {
	path := "/messages"
	if a.rng.IntN(2) == 0 {
		path = "/stream"
	}
	return fmt.Sprintf("%s?topic=%d", path, a.rng.IntN(a.cfg.Server.Topics))
}

// begin performs a valid opening handshake and sends up to two valid messages.
func (a *abuser) begin(fields ...string) error {
	if err := a.open(a.path(), fields...); err != nil {
		return err
	}
	var b []byte
	for range a.rng.IntN(3) {
		b = frame(b, wire.OpText, true, 0, randomText(a.rng, 1+a.rng.IntN(1000)))
	}
	_, err := a.Write(b)
	return err
}

// violate sends b, which breaks a rule, and expects a close frame with the given code. At random, it
// answers the close frame or not. The server must drop the connection in both cases.
func (a *abuser) violate(b []byte, code wire.StatusCode) error {
	sent := make(chan error, 1)
	go func() {
		_, err := a.Write(b)
		sent <- err
	}()
	err := a.expectClose(code)
	if err != nil {
		_ = a.Close()
	}
	if e := <-sent; e != nil && err != nil {
		err = fmt.Errorf("%w (write: %w)", err, e)
	}
	return err
}

// expectClose expects a close frame with the given code, then the end of the connection.
func (a *abuser) expectClose(code wire.StatusCode) error {
	got, err := a.closeFrame()
	if err != nil {
		return fmt.Errorf("no close frame: %w", err)
	}
	if got != code {
		return fmt.Errorf("closed with %d, want %d", got, code)
	}
	if a.rng.IntN(2) == 0 {
		p, _ := wire.AppendClose(nil, code, "")
		_, _ = a.Write(frame(nil, wire.OpClose, true, 0, p)) // may fail: the server may be gone
	}
	return a.awaitDrop()
}

// expectStatus expects a response with one of the given status codes, then the end of the connection.
func (a *abuser) expectStatus(statuses ...int) error {
	got, err := a.status()
	if err != nil {
		return fmt.Errorf("no response: %w", err)
	}
	for _, s := range statuses {
		if got == s {
			return a.awaitDrop()
		}
	}
	return fmt.Errorf("status %d, want one of %v", got, statuses)
}
