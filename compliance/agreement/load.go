package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// errDiffer is the error of compareLoad if verdicts differ that should not.
var errDiffer = errors.New("verdicts differ under load")

// compareLoad runs hawser's suite twice on every peer, the second time with busy loops, and
// lists the verdicts that differ. It returns errDiffer unless all of them are known races of
// the peers.
func (c *config) compareLoad(ctx context.Context) error {
	differ := 0
	err := c.each(ctx, func(p *peers.Peer, r run) error {
		cases, err := c.loadCases(r.Side)
		if err != nil {
			return err
		}
		quiet, err := c.timed(ctx, p, r, cases, "quiet")
		if err != nil {
			return err
		}
		stop, err := startBusy(ctx, c.load)
		if err != nil {
			return err
		}
		loaded, err := c.timed(ctx, p, r, cases, "load")
		stop()
		if err != nil {
			return err
		}
		for _, d := range compare(r, p.Agent(), quiet, loaded).Unequal {
			note := ""
			if varies(d) {
				note = " (a known race)"
			} else {
				differ++
			}
			fmt.Fprintf(c.log, "%v, %s: %s is %s, and %s with %d busy loops%s\n",
				r, d.Case, d.Field, d.Original, d.Native, c.load, note)
		}
		return nil
	})
	if err == nil && differ > 0 {
		err = fmt.Errorf("%w: %d of them", errDiffer, differ)
	}
	return err
}

// loadCases returns the cases for a side: those of -cases, or all cases with -full, or else
// the usual ones and the letter groups.
func (c *config) loadCases(s side) ([]*suite.Case, error) {
	patterns := c.cases
	if c.full {
		patterns = []string{"*"}
	} else if !c.named {
		patterns = append(expandDigits(usual), "H.*", "L.*", "X.*", "R.*", "C.*")
	}
	cases, err := suite.Cases(patterns, nil)
	return slices.DeleteFunc(cases, func(one *suite.Case) bool { return !isFor(one, s) }), err
}

// timed runs hawser's suite on a peer and logs the time. It writes a report to the directory
// dir below -out.
func (c *config) timed(
	ctx context.Context, p *peers.Peer, r run, cases []*suite.Case, dir string,
) (verdicts, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeLimit())
	defer cancel()
	began := time.Now()
	results, err := nativeRun(ctx, p, c.env, r.Side, cases)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.log, "%v, %s: %d cases in %.1f s\n", r, dir, len(results), time.Since(began).Seconds())
	dir = filepath.Join(c.out, dir, p.Name+"-"+string(r.Side))
	return fromResults(results), report.Write(dir, results, report.Options{Tool: "agreement"})
}

// busyVariable is the environment variable that makes a process of this program run busy
// loops. Its value is their number.
const busyVariable = "HAWSER_AGREEMENT_BUSY"

// startBusy starts a process with n busy loops. It ends when stop is called, when ctx ends
// and when this process ends.
func startBusy(ctx context.Context, n int) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd, err := busyCommand(ctx, n)
	if err != nil {
		cancel()
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		_, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	stop = func() {
		cancel()
		_ = cmd.Wait() // cancel has killed it
	}
	if _, err := io.ReadFull(out, make([]byte, len(busyWord))); err != nil {
		stop()
		return nil, fmt.Errorf("the busy loops did not start: %w", err)
	}
	return stop, nil
}

func busyCommand(ctx context.Context, n int) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), busyVariable+"="+strconv.Itoa(n))
	return cmd, nil
}

// busyWord is what the process prints once its loops run.
const busyWord = "busy\n"

// beBusy keeps n processors busy until EOF on the standard input.
func beBusy(n int) {
	runtime.GOMAXPROCS(n + 1)
	for range n {
		go func() {
			for i := 0; ; i++ {
			}
		}()
	}
	fmt.Print(busyWord)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
