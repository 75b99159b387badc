package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// plantedFault is the environment variable that names the fault of a server's process.
const plantedFault = "HAWSER_SOAK_FAULT"

// TestMain runs the server instead of the tests if a soak has started the test binary.
func TestMain(m *testing.M) {
	fault, server := os.LookupEnv(plantedFault)
	if !server {
		os.Exit(m.Run())
	}
	out := io.Writer(os.Stdout)
	if fault == "mute" {
		out = &mute{out, 2}
	}
	if err := serve(os.Stdin, out, os.Stderr, plant(fault)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mute is a writer that blocks after a number of calls.
type mute struct {
	io.Writer
	left int
}

func (m *mute) Write(p []byte) (int, error) {
	if m.left--; m.left < 0 {
		select {}
	}
	return m.Writer.Write(p)
}

// small returns a soak of a few seconds. The server's timeouts are long, because the machine may be busy.
// So there is no time for abuses that wait for a timeout, which TestAbuses covers. The heap is so small
// that a tenth of it is noise. The race detector uses memory outside of the heap.
func small(t *testing.T, fault string) Config {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	c.Conns, c.Duration, c.Warmup, c.Rate = 50, time.Second, 500*time.Millisecond, 500
	c.MinMessages, c.Margin = 1000, time.Minute
	c.Server.IdleTimeout, c.Server.WriteTimeout = time.Minute, time.Minute
	c.Server.CloseTimeout, c.Server.HeaderTimeout = time.Minute, time.Minute
	c.Server.Topics, c.Server.PingInterval = 2, 10*time.Millisecond
	c.Tolerance = Tolerance{Memory: 0.1, Heap: 2 << 20, RSS: 2 << 20, IgnoreRSS: raceEnabled}
	c.Command = func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), plantedFault+"="+fault)
		return cmd
	}
	return c
}

func TestSoak(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", tls), func(t *testing.T) {
			t.Parallel()
			c := small(t, "")
			c.Server.TLS = tls
			r, err := Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK() {
				t.Error("the server broke a promise")
			}
			if r.after.Pongs == 0 {
				t.Error("no client answered a keepalive ping")
			}
			var b strings.Builder
			r.Print(&b)
			t.Log(b.String())
		})
	}
}

// TestPlantedFaults: each planted fault breaks the promise about it.
func TestPlantedFaults(t *testing.T) {
	tests := []struct{ fault, promise string }{
		{"drop", promiseMessages},
		{"swap", promiseMessages},
		{"twice", promiseMessages},
		{"change", promiseMessages},
		{"cut", promiseConnections},
		{"forget", promiseCodes},
		{"keep", promiseHeap},
		{"goroutine", promiseGoroutines},
		{"file", promiseFiles},
		{"stay", promiseClosed},
		{"error", promiseLog},
		{"panic", promiseLog},
		{"die", promiseExit},
		{"mute", promiseExit},
	}
	usual := []string{"drop", "keep", "goroutine", "cut", "panic"}
	if raceEnabled {
		usual = usual[:3] // the race detector is slow, and the others run the same code
	}
	for _, tt := range tests {
		full := os.Getenv("HAWSER_FULL") != "" && !raceEnabled
		if !full && !slices.Contains(usual, tt.fault) {
			continue
		}
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			c := small(t, tt.fault)
			c.Abusive = 0
			c.SettleTimeout = time.Second // all of it is spent waiting
			c.AnswerTimeout = 20 * time.Second
			if tt.fault == "stay" || tt.fault == "die" {
				c.Margin = 2 * time.Second // all of it is spent waiting
			}
			r, err := Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.findings() {
				if f.promise != tt.promise {
					continue
				}
				t.Log(f)
				if tt.fault == "mute" && !strings.Contains(f.text, "no answer in 20s") {
					t.Errorf("%q does not name the cause", f.text)
				}
				if f.ok && !unseen(tt.fault, r) {
					t.Errorf("%q: ok, want FAIL", f.promise)
				}
				return
			}
			t.Errorf("no finding for %q", tt.promise)
		})
	}
}

// unseen reports whether the fault is not visible on this system.
func unseen(fault string, r *Report) bool {
	return fault == "file" && r.cold.Files == 0 || fault == "forget" && !reportsUnacknowledged
}

// plant returns the hooks that plant a fault.
func plant(fault string) hooks {
	var n atomic.Int64
	every := func(k int64) bool { return n.Add(1)%k == 0 }
	message := func() error { return nil }
	switch fault {
	case "cut":
		message = func() error {
			if every(20) {
				return context.Canceled // close code 1001; not logged
			}
			return nil
		}
	case "error":
		message = func() error {
			if every(20) {
				return errors.New("planted")
			}
			return nil
		}
	case "panic":
		message = func() error {
			if every(20) {
				panic("planted")
			}
			return nil
		}
	case "die":
		message = func() error {
			if every(50) {
				os.Exit(3)
			}
			return nil
		}
	}
	return hooks{
		open: plantOpen(fault), message: message,
		echo: plantEcho(fault, every), ending: plantEnding(fault),
	}
}

// plantOpen returns the hook for the start of a connection.
func plantOpen(fault string) func() {
	var n atomic.Int64
	var mu sync.Mutex
	var kept []*os.File
	switch fault {
	case "goroutine":
		return func() { go func() { select {} }() }
	case "stay":
		return func() {
			if n.Add(1) == 60 {
				select {}
			}
		}
	case "file":
		return func() {
			f, err := os.Open(os.DevNull)
			if err != nil {
				panic(err)
			}
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, f)
		}
	}
	return nil
}

// plantEnding returns the hook for the end of a connection.
func plantEnding(fault string) func(closeRecord) closeRecord {
	if fault != "forget" {
		return nil
	}
	return func(f closeRecord) closeRecord { return closeRecord{Session: f.Session, Err: "planted"} }
}

// plantEcho returns the hook for echoes.
func plantEcho(fault string, every func(int64) bool) func(sender) sender {
	var mu sync.Mutex
	var kept [][]byte
	held := make(map[*websocket.Conn]func() error)
	return func(send sender) sender {
		return func(ctx context.Context, c *websocket.Conn, t websocket.MessageType, p []byte) error {
			switch {
			case fault == "keep":
				mu.Lock()
				kept = append(kept, make([]byte, len(p)+32<<10))
				mu.Unlock()
			case fault == "drop" && every(100):
				return nil
			case fault == "twice" && every(100):
				if err := send(ctx, c, t, p); err != nil {
					return err
				}
			case fault == "change" && len(p) > 0 && every(100):
				p[len(p)/2] ^= 1
			case fault == "swap":
				mu.Lock()
				first := held[c]
				delete(held, c)
				if first == nil && every(20) {
					q := append([]byte(nil), p...)
					held[c] = func() error { return send(ctx, c, t, q) }
					mu.Unlock()
					return nil
				}
				mu.Unlock()
				if first != nil {
					return errors.Join(send(ctx, c, t, p), first())
				}
			}
			return send(ctx, c, t, p)
		}
	}
}
