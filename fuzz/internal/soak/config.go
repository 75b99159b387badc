package soak

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Config is a soak. Default gives one that is ready to run.
type Config struct {
	Conns    int           // connections held open, of both kinds
	For      time.Duration // how long the soak lasts, without the warm-up
	Warmup   time.Duration // how long the warm-up lasts; 0: a tenth of For, 3 s to 30 s
	Abusive  float64       // share of Conns that abuse the server, 0 to 1
	Compress float64       // share of the good clients' connections that offer permessage-deflate, 0 to 1
	Rate     float64       // messages a second that all good clients send together, at most
	Seed     uint64        // of every choice

	Server ServerConfig

	// Command makes the command that runs the server: one that calls Serve with
	// its own standard streams.
	Command func() *exec.Cmd

	Progress io.Writer     // gets a line from time to time; nil: none
	Every    time.Duration // between these lines

	// Margin is what any answer may take beyond the server's own timeouts. It is
	// generous: the machine may be busy. What is later than that is a fault.
	Margin time.Duration

	// Patience is how long the server may take to let go of everything once the
	// last client is gone. 0: Margin, and what its timeouts allow it.
	Patience time.Duration

	// Answer is how long the server may take to say how it is, garbage collected and
	// all, and to end when it is asked to. What is longer counts as its death.
	// 0: 30 s.
	Answer time.Duration

	// Least is how many messages the good clients send in the soak before it may
	// end, if the machine is so busy that For is too short for them. It waits for
	// them no longer than Margin.
	Least int64

	Tolerance Tolerance
}

// ServerConfig is what the server is told when it starts. Durations are in
// nanoseconds on the wire.
type ServerConfig struct {
	Conns         int // those to expect; set by Run
	TLS           bool
	Topics        int
	MaxMessage    int64         // bytes
	IdleTimeout   time.Duration // without a whole message: closed with 1008; longer if Rate asks for long pauses
	WriteTimeout  time.Duration // of one write to a peer that does not read
	CloseTimeout  time.Duration // of the closing handshake
	HeaderTimeout time.Duration // of the request's header
}

// Tolerance is how much larger the server may be at the end: a share of the start, or
// some bytes where that is more. A small soak, of a hundred connections or so, has so
// little memory that a tenth of it is noise: one page of spans more for the runtime,
// one thread more. With largeSoak connections or more the share alone decides.
type Tolerance struct {
	Memory    float64 // share of the start: 0.1
	Heap, RSS int64   // bytes, if that is more
	IgnoreRSS bool    // judge the live heap alone
}

// largeSoak is how many connections make memory so large that a tenth of it is no noise.
const largeSoak = 1000

// Default is the full soak: 2,000 connections for ten minutes.
func Default() Config {
	return Config{
		Conns: 2000, For: 10 * time.Minute, Abusive: 0.1, Compress: 1.0 / 3, Rate: 1000, Seed: 1,
		Server: ServerConfig{
			MaxMessage:    256 << 10,
			IdleTimeout:   30 * time.Second,
			WriteTimeout:  30 * time.Second,
			CloseTimeout:  15 * time.Second,
			HeaderTimeout: 30 * time.Second,
		},
		Every:     10 * time.Second,
		Margin:    30 * time.Second,
		Tolerance: Tolerance{Memory: 0.1, Heap: 64 << 10, RSS: 4 << 20},
	}
}

// complete checks the configuration and fills in what follows from the rest.
func (c *Config) complete() error {
	switch {
	case c.Conns < 1 || c.Conns > 20000:
		return errors.New("connections must be 1 to 20,000")
	case c.For < time.Second || c.For > 24*time.Hour:
		return errors.New("time must be 1s to 24h")
	case c.Warmup < 0 || c.Warmup > 24*time.Hour:
		return errors.New("warm-up must be 0 to 24h")
	case !(c.Abusive >= 0 && c.Abusive <= 1): // nor is it NaN
		return errors.New("share of abusive clients must be 0 to 1")
	case c.abusers() >= c.Conns:
		return errors.New("no connection is left for a good client: more of them, or a smaller share that abuse the server")
	case !(c.Compress >= 0 && c.Compress <= 1):
		return errors.New("share of compressed connections must be 0 to 1")
	case !(c.Rate >= 1 && c.Rate <= 1e6):
		return errors.New("rate must be 1 to 1,000,000 messages a second")
	case c.Command == nil:
		return errors.New("no command to run the server")
	}
	if c.Warmup == 0 {
		c.Warmup = min(max(c.For/10, 3*time.Second), 30*time.Second)
	}
	c.Server.Conns = c.Conns
	if c.Answer == 0 {
		c.Answer = 30 * time.Second
	}
	if c.Patience == 0 {
		c.Patience = c.Server.CloseTimeout + c.Server.HeaderTimeout + c.Margin
	}
	if c.Server.Topics == 0 {
		c.Server.Topics = (c.Conns + membersWanted - 1) / membersWanted
	}
	c.Server.IdleTimeout = max(c.Server.IdleTimeout, 8*c.think()) // no pause is as long as this
	return checkFiles(c.Conns)
}

// membersWanted is how many good clients share a topic.
const membersWanted = 50

// abusers is how many of the clients abuse the server.
func (c *Config) abusers() int {
	n := int(c.Abusive*float64(c.Conns) + 0.5)
	if c.Abusive > 0 {
		n = max(n, 1)
	}
	return n
}

// think is the mean pause between two messages of a good client, which makes the
// rate.
func (c *Config) think() time.Duration {
	good := max(c.Conns-c.abusers(), 1)
	return time.Duration(float64(good) / c.Rate * float64(time.Second))
}

// bound is when everything must have ended, however badly it went.
func (c *Config) bound() time.Duration {
	s := &c.Server
	abuse := s.IdleTimeout + s.WriteTimeout + s.CloseTimeout + s.HeaderTimeout
	return c.Warmup + c.For + 2*(abuse+4*c.Margin) + 4*c.Answer + time.Minute
}

// checkFiles reports whether a process may hold conns connections.
func checkFiles(conns int) error {
	const others = 64 // the process's own files
	limit := raiseFileLimit()
	if need := uint64(conns + others); limit < need {
		return fmt.Errorf("%d connections need %d open files and this process may have %d (see ulimit -Hn)", conns, need, limit)
	}
	return nil
}
