package autobahn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Conn is the client's end of one connection, as the suite needs it.
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
// for wss URLs and holds the certificate that the suite's server uses; nil for ws.
type Dialer func(ctx context.Context, url string, config *tls.Config) (Conn, error)

const (
	// listenTimeout bounds the start of wstest as a server. docker may have to
	// fetch the image first.
	listenTimeout = 5 * time.Minute
	// caseTimeout bounds one case; the suite's own bounds are below 2 minutes.
	caseTimeout = 5 * time.Minute
)

// testClient runs wstest as a server and the client against it.
func (r *run) testClient(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	r.job.mode, r.job.port = modeServer, port
	specDir, outDir := r.runner.place(r.job)
	s := &spec{OutDir: outDir, URL: "ws://127.0.0.1:" + strconv.Itoa(port)}
	var config *tls.Config
	if r.TLS {
		if config, err = writeCertificate(r.job.specDir); err != nil {
			return err
		}
		s.URL = "wss" + strings.TrimPrefix(s.URL, "ws")
		s.Key, s.Cert = specDir+"/"+keyName, specDir+"/"+certName
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	if err := r.launch(running, s); err != nil {
		return err
	}
	// Whoever uses this context learns that wstest has died.
	alive, end := context.WithCancelCause(running)
	go func() {
		<-r.child.done
		end(errSuiteDied)
	}()
	err = waitForServer(alive, s.URL, config)
	if err == nil {
		d := driver{dial: r.Client, config: config, base: s.URL, agent: r.Agent, cases: r.cases, log: r.Log}
		err = d.run(alive)
	}
	died := err != nil && r.hasDied()
	stop()
	_ = r.child.wait() // it was told to end
	r.runner.cleanUp(r.job)
	if died {
		return r.child.failure("died")
	}
	return err
}

// hasDied reports whether wstest ended by itself. A client may notice it before
// the process is seen to be gone, hence the short wait.
func (r *run) hasDied() bool {
	select {
	case <-r.child.done:
		return true
	case <-time.After(time.Second):
		return false
	}
}

var errSuiteDied = errors.New("wstest died")

// freePort returns a TCP port that was free on loopback a moment ago: wstest
// takes no port 0.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// waitForServer returns when wstest answers HTTP requests. To accept connections
// is not enough: docker does that on behalf of a container that is still coming
// up.
func waitForServer(ctx context.Context, server string, config *tls.Config) error {
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
		Timeout:   askTimeout,
	}
	var last error
	for deadline := time.Now().Add(listenTimeout); ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(server, "ws"), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		last = err
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wstest does not listen after %v: %w", listenTimeout, last)
		}
	}
}

// driver is the testee's side of the suite's protocol: it asks for the number of
// cases, for each of them, and for the reports, each with a connection of its own.
type driver struct {
	dial   Dialer
	config *tls.Config
	base   string // the suite's server, without a path
	agent  string
	cases  []string // the ids, as the suite numbers them from 1
	log    io.Writer
}

// run does all cases. A case for which the client cannot connect is noted in the
// log and left without a verdict; an error means that no report can be had.
func (d *driver) run(ctx context.Context) error {
	n, err := d.caseCount(ctx)
	if err != nil {
		return d.explain(ctx, "asking the suite for the number of cases", err)
	}
	if n != len(d.cases) {
		return fmt.Errorf("the suite has %d cases for us where %d were asked for", n, len(d.cases))
	}
	agent := "agent=" + url.QueryEscape(d.agent)
	for i, id := range d.cases {
		if err := d.echo(ctx, fmt.Sprintf("/runCase?case=%d&%s", i+1, agent)); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			fmt.Fprintf(d.log, "case %s: the client could not connect: %v\n", id, err)
		}
	}
	return d.explain(ctx, "asking the suite for its reports", d.echo(ctx, "/updateReports?"+agent))
}

// explain says what an error stopped. The end of ctx is the better reason if it
// has come.
func (d *driver) explain(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("the client failed at %s: %w", what, err)
}

// caseCount reads the one message that the suite sends on this path.
func (d *driver) caseCount(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c, err := d.dial(ctx, d.base+"/getCaseCount", d.config)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_, message, err := c.Read(ctx)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(message))
	if err != nil {
		return 0, err
	}
	_, _, _ = c.Read(ctx) // the suite's close frame
	return n, nil
}

// echo connects and returns every message with its own type until the connection
// ends, however it does: that is for the suite to judge. An error means that
// there was no connection.
func (d *driver) echo(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	c, err := d.dial(ctx, d.base+path, d.config)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		binary, message, err := c.Read(ctx)
		if err != nil {
			return nil
		}
		if err := c.Write(ctx, binary, message); err != nil {
			return nil
		}
	}
}
