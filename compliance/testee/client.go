package testee

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Conn is a connection of the client under test.
type Conn interface {
	// Read returns the next message. Any error means that the connection has ended and
	// that the client has done its part of the closing handshake.
	Read(ctx context.Context) (binary bool, message []byte, err error)
	// Write sends one message. The caller does not use message afterwards.
	Write(ctx context.Context, binary bool, message []byte) error
	// Close releases the connection without waiting for the peer.
	Close() error
}

// A Dialer opens a connection with the client under test. The TLS configuration applies to
// wss URLs. It is nil for ws URLs.
type Dialer func(ctx context.Context, url string, config *tls.Config) (Conn, error)

const (
	// askTimeout limits a request for something other than a case.
	askTimeout = 10 * time.Second
	// caseTimeout limits one case. The longest case has a limit of 1,000 seconds, but
	// normally takes one second.
	caseTimeout = 20 * time.Minute
)

// A Client runs a client under test through the cases of a suite's server. It requests the
// number of cases, then each case, then the reports, each on its own connection.
type Client struct {
	Dial     Dialer
	URL      string      // URL of the suite's server, without a path: ws, wss or ws+unix
	TLS      *tls.Config // for wss URLs
	Agent    string      // name of the client in the reports
	IDs      []string    // ids of the cases, if known; Run fails if their number differs
	Parallel int         // number of cases to run at once; 0 means 1
	Log      io.Writer   // records the cases in which the client did not connect; may be nil

	// Done, if not nil, is called after each case: i counts from 1 to all. Calls do not
	// overlap. The error, if not nil, is that of the opening handshake.
	Done func(i, all int, err error)
}

// Run runs all cases and requests the reports. If the client does not connect in a case, as
// when it must refuse to, Run logs the error and goes on, because the verdict is up to the
// suite. An error means that the suite writes no report, for example because it is gone.
func (c *Client) Run(ctx context.Context) error {
	n, err := c.caseCount(ctx)
	if err != nil {
		return opError(ctx, "request the number of cases", err)
	}
	if c.IDs != nil && n != len(c.IDs) {
		return fmt.Errorf("the suite has %d cases, want %d", n, len(c.IDs))
	}
	agent := "agent=" + url.QueryEscape(c.Agent)
	err = c.cases(ctx, n, agent)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return opError(ctx, "request the reports", c.echo(ctx, "/updateReports?"+agent))
}

// Case runs the case with an id. It returns an error if the client does not connect.
func (c *Client) Case(ctx context.Context, id string) error {
	return c.echo(ctx, "/runCase?"+url.Values{"casetuple": {id}, "agent": {c.Agent}}.Encode())
}

// cases runs n cases, c.Parallel at once. It returns an error if the suite is gone.
func (c *Client) cases(ctx context.Context, n int, agent string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	free := make(chan struct{}, max(c.Parallel, 1))
	for i := range n {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			err := c.echo(ctx, fmt.Sprintf("/runCase?case=%d&%s", i+1, agent))
			mu.Lock()
			defer mu.Unlock()
			if ctx.Err() != nil {
				return
			}
			if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
				cancel(fmt.Errorf("the suite is gone: %w", op))
				return
			}
			c.note(i, n, err)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// note reports that a case is done.
func (c *Client) note(i, n int, err error) {
	if c.Done != nil {
		c.Done(i+1, n, err)
	}
	if err == nil || c.Log == nil {
		return
	}
	id := strconv.Itoa(i + 1)
	if c.IDs != nil {
		id = c.IDs[i]
	}
	fmt.Fprintf(c.Log, "case %s: the client could not connect: %v\n", id, err)
}

// at returns the URL of a path of the suite.
func (c *Client) at(path string) string {
	base := strings.TrimSuffix(c.URL, "/")
	scheme, rest, _ := strings.Cut(base, ":")
	if strings.HasSuffix(scheme, "+unix") && !strings.HasSuffix(rest, ":") {
		base += ":" // separates the path of the socket from that of the URL
	}
	return base + path
}

// opError names the operation that failed. If ctx has ended, it returns the cause of that
// instead.
func opError(ctx context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("the client cannot %s: %w", op, err)
}

// caseCount requests the number of cases, which the suite sends as a message.
func (c *Client) caseCount(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := c.Dial(ctx, c.at("/getCaseCount"), c.TLS)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_, message, err := conn.Read(ctx)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(message))
	if err != nil {
		return 0, fmt.Errorf("invalid number of cases %.40q", message)
	}
	_, _, _ = conn.Read(ctx) // the suite's close frame
	return n, nil
}

// echo connects and sends every message back, with its type, until the connection ends. How
// it ends is up to the suite to check. An error means that the client did not connect.
func (c *Client) echo(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	conn, err := c.Dial(ctx, c.at(path), c.TLS)
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		binary, message, err := conn.Read(ctx)
		if err != nil {
			return nil
		}
		if err := conn.Write(ctx, binary, message); err != nil {
			return nil
		}
	}
}
