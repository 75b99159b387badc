package peers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// A conn is a connection of a Go library. Only one goroutine calls read and write.
type conn interface {
	// read returns a whole message. An error means that the connection has ended and that
	// the library has done its part of the closing handshake.
	read() (text bool, message []byte, err error)
	write(text bool, message []byte) error
	// closeInvalid closes with code 1007 after a text that is not UTF-8.
	closeInvalid()
	// close closes the transport. It may be called more than once, and during read.
	close()
}

// echo sends every message back until the connection ends. With check it validates the
// UTF-8 of texts, for a library that leaves this to the application.
func echo(c conn, check bool) {
	defer c.close()
	for {
		text, message, err := c.read()
		if err != nil {
			return
		}
		if check && text && !utf8.Valid(message) {
			c.closeInvalid()
			return
		}
		if err := c.write(text, message); err != nil {
			return
		}
	}
}

// A dialer connects to a ws URL.
type dialer func(ctx context.Context, url string) (conn, error)

// caseTime limits one case of a client. In practice, no case takes two minutes.
const caseTime = 3 * time.Minute

// drive returns a Peer.Drive for a library.
func drive(dial dialer, check bool) func(context.Context, *Env, string, string) error {
	return func(ctx context.Context, env *Env, base, agent string) error {
		count, err := caseCount(ctx, dial, base)
		if err != nil {
			return fmt.Errorf("requesting the number of cases: %w", err)
		}
		return driveCases(ctx, env, count, agent, func(path string) error {
			return driveOne(ctx, dial, base+path, check)
		})
	}
}

// driveCases runs all cases of a fuzzing server, whose number is count, and requests the
// reports.
func driveCases(ctx context.Context, env *Env, count, agent string, run func(path string) error) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return fmt.Errorf("number of cases: %w", err)
	}
	query := "agent=" + url.QueryEscape(agent)
	for i := range n {
		// A case may make the opening handshake fail.
		if err := run(fmt.Sprintf("/runCase?case=%d&%s", i+1, query)); err != nil {
			env.log(fmt.Sprintf("case number %d: %v", i+1, err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return run("/updateReports?" + query)
}

// driveOne runs one case: it connects and echoes. After caseTime, or when ctx ends, it
// closes the connection.
func driveOne(ctx context.Context, dial dialer, target string, check bool) error {
	ctx, cancel := context.WithTimeout(ctx, caseTime)
	defer cancel()
	c, err := dial(ctx, target)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		echo(c, check)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		c.close()
		<-done
	}
	return nil
}

// caseCount requests the number of cases from the fuzzing server.
func caseCount(ctx context.Context, dial dialer, base string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := dial(ctx, base+"/getCaseCount")
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	defer c.close()
	_, message, err := c.read()
	if err != nil {
		return "", err
	}
	_, _, _ = c.read() // receives the server's close frame
	return string(message), nil
}

// serveHTTP serves a handler on a free port of loopback until ctx ends.
func serveHTTP(ctx context.Context, h http.Handler) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return &Server{URL: "ws://" + l.Addr().String(), Done: done}, nil
}

// serveEcho returns a Peer.Serve for a library that upgrades requests of net/http.
func serveEcho(
	check bool, upgrade func(http.ResponseWriter, *http.Request) (conn, error),
) func(context.Context, *Env) (*Server, error) {
	return func(ctx context.Context, _ *Env) (*Server, error) {
		return serveHTTP(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := upgrade(w, r)
			if err != nil {
				return // the library has sent a response
			}
			echo(c, check)
		}))
	}
}
