package soak

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// Config describes a soak. Start from Default and set Command.
type Config struct {
	Conns    int           // connections held open, good and abusive
	Duration time.Duration // duration of the soak without the warm-up
	Warmup   time.Duration // duration of the warm-up; 0 means a tenth of Duration, 3 s to 30 s
	Abusive  float64       // share of Conns that abuse the server, 0 to 1
	Compress float64       // share of the good connections that offer permessage-deflate, 0 to 1
	Rate     float64       // limit on the messages per second of all good clients together
	Seed     uint64        // seed of every random choice

	Server ServerConfig

	// Command returns the command that runs the server. That program must call Serve
	// with its standard streams.
	Command func() *exec.Cmd

	Progress io.Writer     // receives lines of progress; nil means none
	Every    time.Duration // interval between these lines; 0 or less means no lines

	// Margin is how much longer than its own timeouts the server may take for any
	// reaction. It is generous because the machine may be busy.
	Margin time.Duration

	// SettleTimeout limits how long the server may take to free everything after the last
	// client has gone. 0 means Margin plus the server's own timeouts.
	SettleTimeout time.Duration

	// AnswerTimeout limits how long the server may take to answer a request for its figures,
	// including the garbage collections, and to exit when asked to. A server that takes
	// longer counts as dead. 0 means 30 s.
	AnswerTimeout time.Duration

	// MinMessages is the number of messages that the good clients must send before the soak
	// ends, even if Duration is too short on a busy machine. After Duration, the soak waits
	// for these messages at most for Margin.
	MinMessages int64

	Tolerance Tolerance
}

// ServerConfig is the first message to the server's process, in JSON.
type ServerConfig struct {
	Conns         int // expected connections; set by Run
	TLS           bool
	Topics        int
	MaxMessage    int64         // bytes
	IdleTimeout   time.Duration // without a whole message; then close code 1008; Run raises it for a low Rate
	WriteTimeout  time.Duration // of one write to a peer that does not read
	CloseTimeout  time.Duration // of the closing handshake
	HeaderTimeout time.Duration // of the request's header
	PingInterval  time.Duration // keepalive, for the connections of every second topic
}

// Tolerance is how much the server's memory may grow: by a share of its initial size, or by a number of
// bytes if that is more. With a hundred connections or so, a tenth of the memory is within the noise, such
// as one more page of spans or one more thread. With largeSoak connections or more, only the share counts.
type Tolerance struct {
	Memory    float64 // share of the initial size, such as 0.1
	Heap, RSS int64   // bytes
	IgnoreRSS bool    // check only the live heap
}

// largeSoak is the smallest number of connections with which a tenth of the memory exceeds the noise.
const largeSoak = 1000

// Default returns the full soak: 2,000 connections for ten minutes.
func Default() Config {
	return Config{
		Conns: 2000, Duration: 10 * time.Minute, Abusive: 0.1, Compress: 1.0 / 3, Rate: 1000, Seed: 1,
		Server: ServerConfig{
			MaxMessage:    256 << 10,
			IdleTimeout:   30 * time.Second,
			WriteTimeout:  30 * time.Second,
			CloseTimeout:  15 * time.Second,
			HeaderTimeout: 30 * time.Second,
			PingInterval:  time.Second,
		},
		Every:     10 * time.Second,
		Margin:    30 * time.Second,
		Tolerance: Tolerance{Memory: 0.1, Heap: 64 << 10, RSS: 4 << 20},
	}
}

// complete checks the configuration and fills in the defaults.
func (c *Config) complete() error {
	switch {
	case c.Conns < 1 || c.Conns > 20000:
		return errors.New("connections must be 1 to 20,000")
	case c.Duration < time.Second || c.Duration > 24*time.Hour:
		return errors.New("duration must be 1s to 24h")
	case c.Warmup < 0 || c.Warmup > 24*time.Hour:
		return errors.New("warm-up must be 0 to 24h")
	case !(c.Abusive >= 0 && c.Abusive <= 1): // also rejects NaN
		return errors.New("share of abusive clients must be 0 to 1")
	case c.abusers() >= c.Conns:
		return errors.New("no good client left: need more connections or a smaller abusive share")
	case !(c.Compress >= 0 && c.Compress <= 1):
		return errors.New("share of compressed connections must be 0 to 1")
	case !(c.Rate >= 1 && c.Rate <= 1e6):
		return errors.New("rate must be 1 to 1,000,000 messages a second")
	case c.Command == nil:
		return errors.New("no command to run the server")
	}
	if c.Warmup == 0 {
		c.Warmup = min(max(c.Duration/10, 3*time.Second), 30*time.Second)
	}
	c.Server.Conns = c.Conns
	if c.AnswerTimeout == 0 {
		c.AnswerTimeout = 30 * time.Second
	}
	if c.SettleTimeout == 0 {
		c.SettleTimeout = c.Server.CloseTimeout + c.Server.HeaderTimeout + c.Margin
	}
	if c.Server.Topics == 0 {
		c.Server.Topics = (c.Conns + topicMembers - 1) / topicMembers
	}
	c.Server.IdleTimeout = max(c.Server.IdleTimeout, 8*c.meanPause()) // longer than any pause
	return checkFiles(c.Conns)
}

// topicMembers is the number of good clients that share a topic.
const topicMembers = 50

// abusers returns the number of abusive clients.
func (c *Config) abusers() int {
	n := int(c.Abusive*float64(c.Conns) + 0.5)
	if c.Abusive > 0 {
		n = max(n, 1)
	}
	return n
}

// meanPause returns the mean pause between two messages of a good client that results in Rate.
func (c *Config) meanPause() time.Duration {
	good := max(c.Conns-c.abusers(), 1)
	return time.Duration(float64(good) / c.Rate * float64(time.Second))
}

// maxDuration returns a limit on the duration of everything, even if the server fails.
func (c *Config) maxDuration() time.Duration {
	s := &c.Server
	abuse := s.IdleTimeout + s.WriteTimeout + s.CloseTimeout + s.HeaderTimeout
	return c.Warmup + c.Duration + 2*(abuse+4*c.Margin) + 4*c.AnswerTimeout + time.Minute
}

// checkFiles reports whether a process may hold conns connections.
func checkFiles(conns int) error {
	const others = 64 // the process's own files
	limit := raiseFileLimit()
	if need := uint64(conns + others); limit < need {
		return fmt.Errorf("%d connections need %d open files, but the limit is %d (see ulimit -Hn)",
			conns, need, limit)
	}
	return nil
}
