// Command echo is a WebSocket server that sends every message back as it came, on
// every path. It is the server to try a client against:
//
//	go run ./examples/echo -addr 127.0.0.1:9001
//
// It shows websocket.Handler on an http.Server with the timeouts that a server
// needs, TLS, profiles on a port of their own, and an end that says goodbye to the
// connections that are open.
//
// Once it listens it prints one line with its URL. It ends with SIGINT or SIGTERM.
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

// config is what the flags say.
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
		os.Exit(2) // parse has said what is wrong
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

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

// parse reads the flags. What is wrong with them it prints to usage, as well as help.
func parse(args []string, usage io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("echo", flag.ContinueOnError)
	f.SetOutput(usage)
	f.StringVar(&c.addr, "addr", "127.0.0.1:9001", "`host:port` to listen on; port 0 takes a free one")
	f.BoolVar(&c.tls, "tls", false, "serve wss, with a self-signed certificate for localhost made at start")
	f.Int64Var(&c.maxMessage, "max-message", 16<<20, "largest message, in `bytes`; negative: no limit")
	f.StringVar(&c.debug, "debug", "", "serve net/http/pprof on this `host:port`")

	f.BoolVar(&c.deflate, "deflate", true, "compress messages (permessage-deflate), if the client offers it")

	if err := f.Parse(args); err != nil {
		return c, err
	}
	var err error
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.maxMessage == 0:
		err = errors.New("-max-message must not be 0")
	}
	if err != nil {
		fmt.Fprintln(usage, "echo:", err)
	}
	return c, err
}
