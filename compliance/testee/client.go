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

// Conn is the client's end of one connection, as a suite needs it.
type Conn interface {
	// Read returns the next message. Any error means that the connection is at
	// its end, and that the client has done its part of the closing handshake.
	Read(ctx context.Context) (binary bool, message []byte, err error)
	// Write sends one message. The message is not used afterwards.
	Write(ctx context.Context, binary bool, message []byte) error
	// Close gives back what the connection still holds, without a wait.
	Close() error
}

// Dialer opens a connection with the client under test. The TLS configuration is
// for wss URLs; nil for ws.
type Dialer func(ctx context.Context, url string, config *tls.Config) (Conn, error)

const (
	// askTimeout bounds a question to the suite.
	askTimeout = 10 * time.Second
	// caseTimeout bounds one case. The longest allows itself 1,000 seconds, and
	// takes one.
	caseTimeout = 20 * time.Minute
)

// A Client takes a client through the cases of a suite's server: it asks for their
// number, for each of them, and for the reports, each with a connection of its own.
type Client struct {
	Dial     Dialer
	URL      string      // of the suite's server, without a path: ws, wss or ws+unix
	TLS      *tls.Config // for wss
	Agent    string      // names the client in the reports
	IDs      []string    // of the cases, if they are known: another number is an error
	Parallel int         // cases at once; 0 means 1
	Log      io.Writer   // of cases for which there was no connection; may be nil

	// Done, if set, is called after case i, from 1, of all there are, by one
	// goroutine at a time. The error is that there was no connection.
	Done func(i, all int, err error)
}

// Run does all cases. A case in which the client gets no connection, as where it has
// to refuse one, is noted in the log; the suite judges it. An error means that no
// report can be had: nobody listens any more, say.
func (c *Client) Run(ctx context.Context) error {
	n, err := c.caseCount(ctx)
	if err != nil {
		return explain(ctx, "asking the suite for the number of cases", err)
	}
	if c.IDs != nil && n != len(c.IDs) {
		return fmt.Errorf("the suite has %d cases for us where %d were asked for", n, len(c.IDs))
	}
	agent := "agent=" + url.QueryEscape(c.Agent)
	err = c.cases(ctx, n, agent)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return explain(ctx, "asking the suite for its reports", c.echo(ctx, "/updateReports?"+agent))
}

// Case runs one case, by its id. The error is that there was no connection.
func (c *Client) Case(ctx context.Context, id string) error {
	return c.echo(ctx, "/runCase?"+url.Values{"casetuple": {id}, "agent": {c.Agent}}.Encode())
}

// cases runs n cases, some at once. The error is that the suite has gone.
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
				cancel(fmt.Errorf("the suite has gone: %w", op))
				return
			}
			c.note(i, n, err)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// note tells that a case is over.
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

// at is the URL of a path of the suite.
func (c *Client) at(path string) string {
	base := strings.TrimSuffix(c.URL, "/")
	if scheme, rest, _ := strings.Cut(base, ":"); strings.HasSuffix(scheme, "+unix") && !strings.HasSuffix(rest, ":") {
		base += ":" // ends the path of the socket
	}
	return base + path
}

// explain says what an error stopped. The end of ctx is the better reason if it
// has come.
func explain(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("the client failed at %s: %w", what, err)
}

// caseCount reads the one message that the suite sends on this path.
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
		return 0, fmt.Errorf("%.40q is no number", message)
	}
	_, _, _ = conn.Read(ctx) // the suite's close frame
	return n, nil
}

// echo connects and returns every message with its own type until the connection
// ends, however it does: that is for the suite to judge. An error means that
// there was no connection.
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
