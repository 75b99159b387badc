package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hawser-ws/hawser/compliance/testee"
)

const testeeServerHelp = `usage: wscheck testeeserver [URL] [flags]

Runs hawser's echo server, with permessage-deflate, for a suite to test. It listens at
URL, by default ws://127.0.0.1:9001, until Ctrl-C. At a wss URL, it uses -cert and -key
or generates a certificate. ws+unix:///path/of.sock is a Unix socket. At the path
/close, the server starts the closing handshake with the code and the reason in the
query, as in /close?code=1001&reason=bye.

Exit status: 0 the server ended at Ctrl-C, 2 it could not listen.

Flags:
`

// testeeServer runs wscheck testeeserver.
func testeeServer(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck testeeserver", flag.ContinueOnError)
	var l listenFlags
	l.declare(fs)
	args, err := parse(fs, testeeServerHelp, args, stdout)
	if err == nil {
		err = l.argument(args)
	}
	if err != nil {
		return fail(stderr, err)
	}
	ln, url, err := l.listen()
	if err != nil {
		return fail(stderr, err)
	}
	fmt.Fprintf(stdout, "listening at %s\n", url)
	if err := serveEcho(ctx, ln); err != nil {
		return fail(stderr, err)
	}
	return exitPassed
}

// serveEcho serves hawser's echo until ctx ends.
func serveEcho(ctx context.Context, ln net.Listener) error {
	s := &http.Server{Handler: testee.Echo(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

const testeeClientHelp = `usage: wscheck testeeclient URL [flags]

Runs hawser's client through all cases of the suite at URL, which is wscheck
fuzzingserver or the original suite, and makes the suite write its report. The report
has the verdicts.

Exit status: 0 all cases ran, 2 some did not.

Flags:
`

// testeeClient runs wscheck testeeclient.
func testeeClient(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck testeeclient", flag.ContinueOnError)
	c := testee.Client{Dial: testee.Hawser}
	fs.StringVar(&c.Agent, "agent", "hawser", "`NAME` in the report")
	fs.IntVar(&c.Parallel, "parallel", 1, "run `N` cases at once")
	insecure := fs.Bool("insecure", false, "accept any certificate of a wss server")
	args, err := parse(fs, testeeClientHelp, args, stdout)
	switch {
	case err != nil:
		return fail(stderr, err)
	case len(args) != 1:
		return fail(stderr, errors.New("want one URL: wscheck testeeclient ws://127.0.0.1:9001"))
	case c.Parallel < 1:
		return fail(stderr, errors.New("-parallel must be positive"))
	}
	c.URL = args[0]
	if err := checkURL(c.URL); err != nil {
		return fail(stderr, err)
	}
	if *insecure {
		c.TLS = &tls.Config{InsecureSkipVerify: true} // as -insecure requests
	}
	p := newProgress(stderr)
	n, refused := 0, 0
	c.Done = func(i, all int, err error) {
		n++
		if err != nil {
			refused++
		}
		p.count(c.Agent, all, strconv.Itoa(i), true) // the suite has the verdict
	}
	err = c.Run(ctx)
	p.end()
	switch {
	case err != nil && n == 0:
		return fail(stderr, connectError(ctx, c.URL, "%s: %w", err))
	case err != nil:
		return fail(stderr, fmt.Errorf("after %s: %w", cases(n), err))
	}
	fmt.Fprintf(stdout, "%s ran, %d without a connection; the suite at %s has the verdicts\n", cases(n),
		refused, c.URL)
	return exitPassed
}
