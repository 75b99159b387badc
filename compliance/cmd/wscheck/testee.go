package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/compliance/testee"
)

// testeeServer is wscheck testeeserver.
func testeeServer(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck testeeserver", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, `usage: wscheck testeeserver [flags] [URL]

Is hawser's server, an echo with permessage-deflate, for a suite to test. It
listens at the URL, ws://127.0.0.1:9001 if there is none, until Ctrl-C.

Flags:
`)
		fs.PrintDefaults()
	}
	var l listenFlags
	l.declare(fs)
	if err := fs.Parse(args); err != nil {
		return parseStatus(err)
	}
	if fs.NArg() > 0 {
		l.url = fs.Arg(0)
	}
	ln, url, err := l.listen()
	if err != nil {
		return fault(stderr, err)
	}
	fmt.Fprintf(stdout, "listening at %s\n", url)
	if err := serveEcho(ctx, ln); err != nil {
		return fault(stderr, err)
	}
	return exitPassed
}

// serveEcho serves hawser's echo until ctx ends.
func serveEcho(ctx context.Context, ln *listener) error {
	s := &http.Server{Handler: testee.Echo(), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// testeeClient is wscheck testeeclient.
func testeeClient(ctx context.Context, args []string, _, stderr io.Writer) int {
	fs := flag.NewFlagSet("wscheck testeeclient", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, `usage: wscheck testeeclient [flags] URL

Is hawser's client, which takes itself through all cases of the suite that serves at
the URL: that of wscheck fuzzingserver or of the original.

Flags:
`)
		fs.PrintDefaults()
	}
	c := testee.Client{Dial: testee.Hawser, Log: stderr}
	fs.StringVar(&c.Agent, "agent", "hawser", "`name` in the report")
	fs.IntVar(&c.Parallel, "parallel", 1, "how many cases `N` at once")
	insecure := fs.Bool("insecure", false, "accept any certificate of a wss server")
	if err := fs.Parse(args); err != nil {
		return parseStatus(err)
	}
	if fs.NArg() != 1 {
		return fault(stderr, errors.New("the URL of a suite's server is needed: wscheck testeeclient ws://127.0.0.1:9001"))
	}
	c.URL = fs.Arg(0)
	if *insecure {
		c.TLS = &tls.Config{InsecureSkipVerify: true} // asked for
	}
	if err := c.Run(ctx); err != nil {
		return fault(stderr, err)
	}
	return exitPassed
}
