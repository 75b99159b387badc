// Wscheck tests WebSocket servers and clients for conformance to RFC 6455 and RFC 7692.
//
// Usage:
//
//	wscheck [flags]                      test hawser's own server and client
//	wscheck fuzzingclient URL [flags]    test a server
//	wscheck fuzzingserver [URL] [flags]  run a server that tests clients
//	wscheck testeeserver [URL] [flags]   run hawser's echo server, for a suite to test
//	wscheck testeeclient URL [flags]     run hawser's client against a suite's server
//	wscheck compare A B [flags]          compare two reports case by case
//	wscheck known REPORT [flags]         list the cases that fell short, for -known
//	wscheck cases [PATTERN...]           list the cases
//	wscheck corpus -out DIR              write the bytes that the cases send, as fuzzing seeds
//	wscheck autobahn [flags]             run the original Autobahn test suite
//	wscheck version                      print the version of wscheck
//
// Flags may come before or after other arguments. wscheck COMMAND -help lists them.
//
// A URL is ws://host:port/path, wss://host:port/path, or ws+unix:///path/of.sock:/path for a
// Unix socket. Numbered cases have the ids of the Autobahn test suite. The ids of the other cases
// begin with a letter. The report is a directory with HTML pages and with JSON in Autobahn's
// format. It is ./reports unless -out names another directory.
//
// The exit status is 0 if no case failed the run, 1 if some did, and 2 if the run could not be
// started or completed. The flags -profile, -fail-on and -known determine which verdicts fail a
// run: see wscheck fuzzingclient -help. The command compare has its own rules. Ctrl-C ends a run
// and writes the report of the cases that have ended. A second Ctrl-C exits at once.
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

// Exit status.
const (
	exitPassed = 0
	exitShort  = 1 // a case fell short
	exitFailed = 2 // the run could not be started or completed
)

// A command runs with its arguments and returns the exit status.
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// commands are the subcommands in the order of the help.
var commands = []struct {
	name, summary string
	run           command
}{
	{"fuzzingclient", "test the server at a URL", fuzzingClient},
	{"fuzzingserver", "run a server that tests clients", fuzzingServer},
	{"testeeserver", "run hawser's echo server, for a suite to test", testeeServer},
	{"testeeclient", "run hawser's client against a suite's server", testeeClient},
	{"compare", "compare two reports case by case", compareCommand},
	{"known", "list the cases that fell short in a report, for -known", knownCommand},
	{"cases", "list the cases", casesCommand},
	{"corpus", "write the bytes that the cases send, as fuzzing seeds", corpusCommand},
	{"autobahn", "run the original Autobahn test suite against a server or hawser's client", autobahnCommand},
}

// errInterrupted is the cancellation cause of a run that Ctrl-C ends.
var errInterrupted = errors.New("interrupted")

// echoTime is the time after a Ctrl-C in which another one does not count, because a program that
// runs wscheck may also forward the signal.
const echoTime = 200 * time.Millisecond

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(errInterrupted) // the run still writes its report
		for first := time.Now(); time.Since(first) < echoTime; {
			<-signals
		}
		fmt.Fprintln(os.Stderr, "wscheck: interrupted twice, exiting at once")
		os.Exit(exitFailed)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs wscheck with args and returns the exit status. Tests call it without a process.
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
	return fmt.Errorf("unknown command %q; 'wscheck help' lists the commands", word)
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}
