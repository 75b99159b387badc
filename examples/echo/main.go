// Command echo is a WebSocket server that sends every message back unchanged, on every path. Use it to try a
// client:
//
//	go run ./examples/echo -addr 127.0.0.1:9001
//
// It shows websocket.Handler on an http.Server with the timeouts that a server needs, TLS, profiles on
// another port, and a shutdown that closes the open connections.
//
// Once the server listens, it prints one line with its URL. SIGINT and SIGTERM shut it down.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// config has the values of the flags.
type config struct {
	addr       string
	tls        bool
	deflate    bool
	maxMessage int64
	debug      string
}

func main() {
	cfg, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2) // parse has printed the error
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the program

	s, err := listen(cfg)
	if err == nil {
		fmt.Println("listening on", s.url())
		err = s.serve(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

// parse parses the flags. It prints errors and help to usage.
func parse(args []string, usage io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("echo", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&c.addr, "addr", "127.0.0.1:9001", "listen on this `host:port`; port 0 chooses a free port")
	f.BoolVar(&c.tls, "tls", false, "serve wss, with a new self-signed certificate for localhost")
	f.Int64Var(&c.maxMessage, "max-message", 16<<20, "largest message in `bytes`; negative means no limit")
	f.StringVar(&c.debug, "debug", "", "serve net/http/pprof on this `host:port`")
	f.BoolVar(&c.deflate, "deflate", true, "compress messages (permessage-deflate) if the client offers it")

	if err := f.Parse(args); err != nil {
		return c, err
	}
	var err error
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.maxMessage == 0:
		err = errors.New("-max-message must not be 0; a negative value means no limit")
	}
	if err != nil {
		fmt.Fprintln(usage, "echo:", err)
	}
	return c, err
}
