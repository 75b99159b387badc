// Soak keeps a hawser server under load from good and abusive clients. It checks that the server then returns
// to its initial state, and so has leaked no memory, goroutines, files or connections.
//
//	go run ./fuzz/cmd/soak                        2,000 connections for ten minutes
//	go run ./fuzz/cmd/soak -for 1m -conns 500     500 connections for one minute
//
// The server runs in its own process, on loopback. A warm-up precedes the soak. The comment of package
// soak, in fuzz/internal/soak, says what is measured and why.
//
// Soak prints its progress, then the figures, then a line for each promise. The exit status is 0 if the
// server kept all promises, 1 if it broke one, and 2 if there was no soak, because of invalid flags, a
// server that did not start, or an interrupt.
//
// Two shared cores suffice: the clients pause between messages, and -rate limits their total. Each process
// needs an open file for each connection. Soak raises the limit (ulimit -n) as far as the system allows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/hawser-ws/hawser/fuzz/internal/soak"
)

// serve is the argument with which Soak starts itself as the server.
const serve = "serve"

func main() {
	if len(os.Args) == 2 && os.Args[1] == serve {
		// An interrupt at the terminal reaches both processes. The parent then stops this one.
		signal.Ignore(os.Interrupt)
		if err := soak.Serve(os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, "soak: server:", err)
			os.Exit(1)
		}
		return
	}
	cfg, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2) // parse has printed the error
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	os.Exit(run(ctx, cfg))
}

// run performs the soak, prints the report and returns the exit status.
func run(ctx context.Context, cfg soak.Config) int {
	r, err := soak.Run(ctx, cfg)
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted; no report")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 2
	}
	r.Print(os.Stdout)
	if !r.OK() {
		return 1
	}
	return 0
}

// parse parses the flags. It prints errors and help to usage.
func parse(args []string, usage io.Writer) (soak.Config, error) {
	c := soak.Default()
	c.Progress = os.Stdout
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Usage = func() {
		fmt.Fprint(usage, `usage: soak [flags]

Keeps a hawser server, in its own process on loopback, under load from good and abusive
clients, and checks that the server then returns to its initial state.
Exit status: 0 if the server kept every promise, 1 if it broke one, 2 if there was no soak.

`)
		f.PrintDefaults()
	}
	f.IntVar(&c.Conns, "conns", c.Conns, "connections to hold open, good and abusive")
	f.DurationVar(&c.Duration, "for", c.Duration, "duration of the soak, without the warm-up")
	f.DurationVar(&c.Warmup, "warmup", c.Warmup,
		"duration of the warm-up; 0 means a tenth of -for, but 3s to 30s")
	f.Float64Var(&c.Abusive, "abusive", c.Abusive, "`share` of the connections that abuse the server, 0 to 1")
	f.Float64Var(&c.Compress, "compress", c.Compress,
		"`share` of the good connections that offer compression, 0 to 1")
	f.Float64Var(&c.Rate, "rate", c.Rate, "limit on the `messages` per second of all good clients together")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of every random choice")
	f.BoolVar(&c.Server.TLS, "tls", false, "use TLS (wss)")
	f.DurationVar(&c.Every, "every", c.Every, "interval of the progress lines; 0 means none")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(usage, "soak:", err)
		return c, err
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(usage, "soak:", err)
		return c, err
	}
	c.Command = func() *exec.Cmd { return exec.Command(self, serve) }
	return c, nil
}
