// Command soak keeps a hawser server under load from good and abusive clients, and
// judges whether it is afterwards what it was before:
//
//	go run ./fuzz/cmd/soak                        2,000 connections for ten minutes
//	go run ./fuzz/cmd/soak -for 1m -conns 500     the short form
//
// The server runs in a process of its own, on loopback. A warm-up of a tenth of the
// time comes first. Package soak, in fuzz/internal/soak, says what is measured and
// why.
//
// It prints a line every few seconds, then the figures, then a line for each
// promise. It exits with 0 if all were kept, 1 if one was broken, and 2 if there
// was no soak: wrong flags, a server that does not start, an interrupt.
//
// Two shared cores suffice: the clients pause between messages, and -rate bounds
// what they send together. Each process needs a file for each connection; the limit
// (ulimit -n) is raised as far as it may be.
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

// serve, as the only argument, makes this program the server of its parent.
const serve = "serve"

func main() {
	if len(os.Args) == 2 && os.Args[1] == serve {
		// An interrupt at the terminal reaches both processes. The parent ends
		// this one.
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
		os.Exit(2) // parse has said what is wrong
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, cfg))
}

// run soaks and prints, and returns the status to exit with.
func run(ctx context.Context, cfg soak.Config) int {
	r, err := soak.Run(ctx, cfg)
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: nothing was judged")
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

// parse reads the flags. What is wrong with them it prints to usage, as well as help.
func parse(args []string, usage io.Writer) (soak.Config, error) {
	c := soak.Default()
	c.Progress = os.Stdout
	f := flag.NewFlagSet("soak", flag.ContinueOnError)
	f.SetOutput(usage)
	f.Usage = func() {
		fmt.Fprint(usage, `usage: soak [flags]

Keeps a hawser server, a process of its own on loopback, under load from good and
abusive clients, and judges whether it is afterwards what it was before.
Exits with 0 if every promise was kept, 1 if one was broken, 2 if there was no soak.

`)
		f.PrintDefaults()
	}
	f.IntVar(&c.Conns, "conns", c.Conns, "connections that are held open, good and abusive")
	f.DurationVar(&c.For, "for", c.For, "how long, without the warm-up")
	f.DurationVar(&c.Warmup, "warmup", c.Warmup, "how long to warm up before; 0: a tenth of -for, from 3s to 30s")
	f.Float64Var(&c.Abusive, "abusive", c.Abusive, "`share` of the connections that abuse the server, 0 to 1")
	f.Float64Var(&c.Compress, "compress", c.Compress, "`share` of the good clients' connections that offer to compress, 0 to 1")
	f.Float64Var(&c.Rate, "rate", c.Rate, "messages a second that the good clients send together, at most")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "`number` that all choices follow from")
	f.BoolVar(&c.Server.TLS, "tls", false, "speak wss")
	f.DurationVar(&c.Every, "every", c.Every, "time between lines of progress; 0: none")
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
