package suite

import (
	"context"
	"crypto/tls"
	"net/http"
	"runtime"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// Defaults of [Options].
const (
	DefaultParallel         = 16
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultCloseTimeout     = time.Second
	quickMessages           = 50
	fullMessages            = 1000
	cutTime                 = 20 * time.Millisecond
)

// Options configure a run. A nil pointer means the zero value.
type Options struct {
	// Agent is the name of the peer in the results. Default: for a server, its Server field, or else
	// its host and port. Clients name themselves.
	Agent string

	// Quick sends 50 messages per case in groups 12 and 13 instead of 1,000.
	Quick bool

	// Parallel is the maximum number of cases that run at once. Fewer run while the machine is
	// overloaded or the server is slow. Cases that mostly use processor time are also limited to one
	// per processor. A case that does not pass runs again with few others, and then alone if the second
	// run differs or was disturbed, so that load does not decide a verdict. The default is
	// DefaultParallel. With 1, cases run one after the other, and a case runs again only if the machine
	// was overloaded.
	Parallel int

	// HandshakeTimeout limits the opening handshake, and most waits for an answer. CloseTimeout limits
	// the wait for a close frame and, separately, the wait for a server to drop TCP. Both influence the
	// verdicts. Defaults: DefaultHandshakeTimeout, 5 s; DefaultCloseTimeout, 1 s.
	HandshakeTimeout, CloseTimeout time.Duration

	// TLS is the configuration for wss. It is cloned. For a [Server], it must be the configuration of
	// the listener, whose first certificate clients trust. If that is the certificate of an authority,
	// it signs the certificate for another name in C.11.2.
	TLS *tls.Config

	// Header has additional fields of the requests to a server.
	Header http.Header

	// ClosePath is a path of the server under test, such as /close, at which it starts the closing
	// handshake at once, with the code and the reason in the query: /close?code=1001&reason=bye.
	// Without it, cases that need such a path are UNIMPLEMENTED.
	ClosePath string

	// Restart, if set, is called to restart a server that no longer answers. It need not wait until the
	// server answers. No case runs before the server answers. The run ends if Restart returns an error,
	// or if the server does not answer within 10 s, or within a minute if it hangs.
	Restart func(ctx context.Context) error

	// Done, if set, is called with the result of each case once its verdict is settled, by one
	// goroutine at a time. It is called again for a case if it turns out later that the case stopped
	// the server.
	Done func(*report.Result)

	patience time.Duration // how long to wait for a server that hangs
	cut      time.Duration // the pause between two pieces that must not arrive together
	tapes    *tapes        // compressed messages of the run
	lateness *lateness     // of the machine during the run; nil means that it is never late
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
	if c.cut <= 0 {
		c.cut = cutTime
	}
	c.tapes = &tapes{}
	return &c
}

// processors returns how many cases that cost processor time may run at once.
func (o *Options) processors() int { return min(o.Parallel, runtime.GOMAXPROCS(0)) }

// messages returns how many messages a case of groups 12 and 13 sends.
func (o *Options) messages() int {
	if o.Quick {
		return quickMessages
	}
	return fullMessages
}

// limit returns the time limit of a whole case, which no case should reach.
func (o *Options) limit(c *Case) time.Duration {
	if c.Heavy {
		return 20 * time.Minute
	}
	return time.Minute
}
