// Wscheck tests WebSocket servers and clients for conformance with RFC 6455 and
// RFC 7692.
//
// Usage:
//
//	wscheck [flags]                      test hawser's own server and client
//	wscheck fuzzingclient URL [flags]    test a server
//	wscheck fuzzingserver [URL] [flags]  be a server that tests clients
//	wscheck testeeserver [URL] [flags]   be a server to test: hawser's, an echo
//	wscheck testeeclient URL [flags]     be a client to test: hawser's
//	wscheck compare A B [flags]          compare two reports, case by case
//	wscheck known REPORT [flags]         list what fell short, for -known
//	wscheck cases [PATTERN...]           list the cases
//	wscheck corpus -out DIR              write what the cases send, as seeds for fuzzing
//	wscheck autobahn [flags]             run the original Autobahn testsuite
//	wscheck version                      print the version of wscheck
//
// Flags may stand before or after other arguments; wscheck COMMAND -help lists them.
//
// A URL is ws://host:port/path, wss://host:port/path, or ws+unix:///path/of.sock:/path
// for a unix socket. The cases have the ids of the Autobahn testsuite; those that it
// does not have begin with a letter. The report, a directory of pages and JSON in
// Autobahn's form, is in ./reports unless -out names another directory.
//
// The exit status is 0 if no case failed the run, 1 if some did, and 2 if the check
// could not be done or not be finished. Which verdicts fail a run depends on -profile,
// -fail-on and -known, which wscheck fuzzingclient -help explains; compare has rules of
// its own. Ctrl-C ends a run; the report of what
// there is by then is still written. A second Ctrl-C ends it at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit statuses.
const (
	exitPassed = 0
	exitShort  = 1 // a case fell short
	exitFailed = 2 // the check could not be done, or not be finished
)

// A command does what its arguments say and returns the exit status.
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// commands are the subcommands, in the order of the help.
var commands = []struct {
	name, summary string
	run           command
}{
	{"fuzzingclient", "test the server at a URL", fuzzingClient},
	{"fuzzingserver", "be a server that tests clients", fuzzingServer},
	{"testeeserver", "be a server to test: hawser's own, an echo", testeeServer},
	{"testeeclient", "be a client to test: hawser's own", testeeClient},
	{"compare", "compare two reports, case by case", compareCommand},
	{"known", "list what fell short in a report, for -known", knownCommand},
	{"cases", "list the cases", casesCommand},
	{"corpus", "write what the cases send over the wire, as seeds for fuzzing", corpusCommand},
	{"autobahn", "run the original Autobahn testsuite against a server or hawser's client", autobahnCommand},
}

// errInterrupted is why a run ends at Ctrl-C.
var errInterrupted = errors.New("interrupted")

// echoTime is how long after a Ctrl-C another one is not taken for a second: a
// program that runs this one may send it once more.
const echoTime = 200 * time.Millisecond

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted) // the report of what there is is still written
		for first := time.Now(); time.Since(first) < echoTime; {
			<-signals
		}
		fmt.Fprintln(os.Stderr, "wscheck: interrupted twice, ended at once")
		os.Exit(exitFailed)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main for the tests too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 1 && args[0] == "help" {
		args = []string{args[1], "-help"}
	}
	switch {
	case len(args) == 0:
		return selfCommand(ctx, nil, stdout, stderr)
	case isHelp(args[0]):
		return selfCommand(ctx, []string{"-help"}, stdout, stderr)
	case args[0] == "version" || args[0] == "-version" || args[0] == "--version":
		fmt.Fprintln(stdout, version())
		return exitPassed
	case strings.HasPrefix(args[0], "-"):
		return selfCommand(ctx, args, stdout, stderr)
	}
	for _, c := range commands {
		if args[0] == c.name {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	return fail(stderr, noCommand(args[0]))
}

func noCommand(word string) error {
	if strings.Contains(word, "://") {
		return fmt.Errorf("to test the server at a URL: wscheck fuzzingclient %s", word)
	}
	return fmt.Errorf("there is no command %q; 'wscheck help' lists them", word)
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}
