package suite

import (
	"context"
	"crypto/tls"
	"net/http"
	"runtime"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// The values of [Options] that are zero.
const (
	DefaultParallel         = 16
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultCloseTimeout     = time.Second
	quickMessages           = 50
	fullMessages            = 1000
)

// Options say how cases are run. A nil pointer is valid and means the zero value.
type Options struct {
	// Agent names the peer in the results. Default: for a server, its Server
	// field, or else its host and port; clients name themselves.
	Agent string

	// Quick sends 50 messages a case in groups 12 and 13 instead of 1,000.
	Quick bool

	// Parallel is how many cases run at the same time at most. There are fewer
	// while the machine is late or the server is slow. Those that cost processor
	// time are never more than there are processors. A case that falls short runs
	// again beside few others, and by itself if that run differs or was disturbed:
	// load must not make a verdict. Default: DefaultParallel. 1 runs them one after
	// the other, and again only those that the machine was late for.
	Parallel int

	// HandshakeTimeout and CloseTimeout bound the opening handshake, and each of
	// waiting for a close frame and for a server to drop TCP. They are part of
	// the verdicts. Defaults: DefaultHandshakeTimeout, 5 s; DefaultCloseTimeout, 1 s.
	HandshakeTimeout, CloseTimeout time.Duration

	// TLS is used for wss. It is cloned. For a [Server], whose listener has its own, it
	// is that of the listener: its first certificate is one that clients trust. If it
	// is of an authority, it signs the certificate for another name in C.11.2.
	TLS *tls.Config

	// Header holds further fields of the requests to a server.
	Header http.Header

	// ClosePath is a path of a server under test, such as /close, at which it begins
	// the closing handshake at once, with the code and the reason of the query:
	// /close?code=1001&reason=bye. Cases about that are UNIMPLEMENTED without it.
	ClosePath string

	// Restart, if set, is called when a server no longer answers, to start it anew.
	// It returns when the server has begun to start; cases go on once it answers.
	// No case runs meanwhile. The run ends if it returns an error, or if the server
	// does not answer within some seconds, or within a minute if it hangs.
	Restart func(ctx context.Context) error

	// Done, if set, is called with the result of each case once its verdict stands,
	// by one goroutine at a time. It is called again for a case that is found later to
	// have stopped the server.
	Done func(*report.Result)

	patience time.Duration // with a server that hangs
	tapes    *tapes        // of the run
	lateness *lateness     // of the run; nil: the machine is never late
}

func (o *Options) withDefaults() *Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Parallel <= 0 {
		c.Parallel = DefaultParallel
	}
	if c.HandshakeTimeout <= 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.CloseTimeout <= 0 {
		c.CloseTimeout = DefaultCloseTimeout
	}
	if c.patience <= 0 {
		c.patience = hangTime
	}
	c.tapes = &tapes{}
	return &c
}

// processors is how many cases that cost processor time run at once.
func (o *Options) processors() int { return min(o.Parallel, runtime.GOMAXPROCS(0)) }

// messages is how many a case of groups 12 and 13 sends.
func (o *Options) messages() int {
	if o.Quick {
		return quickMessages
	}
	return fullMessages
}

// limit bounds a case as a whole: what no script needs and no peer may exceed.
func (o *Options) limit(c *Case) time.Duration {
	if c.Heavy {
		return 20 * time.Minute
	}
	return time.Minute
}
