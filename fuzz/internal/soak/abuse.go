package soak

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// abuses are what abusive clients do, each chosen as often as the others. do returns
// nil if the server did what it must; an error says what it did instead. What the
// server takes longer for than its own timeouts and Config.Margin is an error too.
var abuses = []struct {
	name  string
	must  string // what the server must do
	waits bool   // which it does when a timeout of its own has passed
	do    func(*abuser) error
}{
	{"garbage for a handshake", "400 or a drop", true, (*abuser).garbageBefore},
	{"garbage within a handshake", "400", false, (*abuser).garbageWithin},
	{"a handshake that breaks a rule", "400, 405 or 426", false, (*abuser).badHandshake},
	{"a handshake that stalls", "a drop", true, (*abuser).stallHandshake},
	{"garbage for frames", "1002", false, (*abuser).garbageFrames},
	{"a stall within a frame's header", "1008, then a drop", true, (*abuser).stallHeader},
	{"a stall within a payload", "1008, then a drop", true, (*abuser).stallPayload},
	{"a stream that ends within a frame", "a drop", false, (*abuser).endWithin},
	{"a reset at any point", "nothing", false, (*abuser).abort},
	{"a flood of empty fragments", "1008", false, (*abuser).emptyFragments},
	{"a flood of tiny fragments", "1009", false, (*abuser).tinyFragments},
	{"a flood of pings", "1008", false, (*abuser).pings},
	{"a length of 2^62", "1009", false, (*abuser).hugeLength},
	{"a length of 2^63 and more", "1002", false, (*abuser).negativeLength},
	{"a message that inflates beyond the limit", "1009", false, (*abuser).bomb},
	{"compressed data that is none", "1007", false, (*abuser).badDeflate},
	{"text that is not UTF-8", "1007", false, (*abuser).badText},
	{"a close that is not answered", "1000, then a drop", true, (*abuser).deafToClose},
	{"a reader that has stopped", "a drop", true, (*abuser).stopReading},
}

// abuser is an abusive client. It has a connection at a time, and breaks it.
type abuser struct {
	*crowd
	id  int
	rng *rand.Rand
	*raw
}

// run abuses until the phase ends. What has begun by then is done to its end.
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

// choose chooses an abuse. One that waits for the server is left out where the phase
// would have to wait for it.
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

// pause is some seconds, less in a short soak.
func (a *abuser) pause() time.Duration {
	return randomPause(a.rng, min(5*time.Second, a.cfg.For/20))
}

// connect opens a connection that lasts at most as long as the slowest of the
// server's answers may.
func (a *abuser) connect() (err error) {
	s := &a.cfg.Server
	a.raw, err = dialRaw(a.all, a.server, s.IdleTimeout+s.WriteTimeout+s.CloseTimeout+s.HeaderTimeout+a.cfg.Margin)
	return err
}

// path is one of the server's.
func (a *abuser) path() string {
	path := "/messages"
	if a.rng.IntN(2) == 0 {
		path = "/stream"
	}
	return fmt.Sprintf("%s?topic=%d", path, a.rng.IntN(a.cfg.Server.Topics))
}

// begin shakes hands as one should, and sends a good message or some.
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

// provoke sends b, which breaks a rule, and expects a close frame with the code
// given. Then it either answers it or does not; the server drops the connection in
// both cases.
func (a *abuser) provoke(b []byte, code wire.StatusCode) error {
	sent := make(chan error, 1)
	go func() {
		_, err := a.Write(b)
		sent <- err
	}()
	err := a.closedWith(code)
	if err != nil {
		_ = a.Close()
	}
	if e := <-sent; e != nil && err != nil {
		err = fmt.Errorf("%w (write: %w)", err, e)
	}
	return err
}

// closedWith expects a close frame with the code given, and then the drop.
func (a *abuser) closedWith(code wire.StatusCode) error {
	got, err := a.closeFrame()
	if err != nil {
		return fmt.Errorf("no close frame: %w", err)
	}
	if got != code {
		return fmt.Errorf("closed with %d", got)
	}
	if a.rng.IntN(2) == 0 {
		p, _ := wire.AppendClose(nil, code, "")
		_, _ = a.Write(frame(nil, wire.OpClose, true, 0, p)) // it may be too late for it
	}
	return a.gone()
}

// refused expects a response with one of the statuses given, and then the drop.
func (a *abuser) refused(statuses ...int) error {
	got, err := a.status()
	if err != nil {
		return fmt.Errorf("no response: %w", err)
	}
	for _, s := range statuses {
		if got == s {
			return a.gone()
		}
	}
	return fmt.Errorf("answered with %d", got)
}
