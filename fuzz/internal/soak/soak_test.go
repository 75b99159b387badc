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

// plantedFault names, in the environment of a server's process, the fault that it
// is to have.
const plantedFault = "HAWSER_SOAK_FAULT"

// TestMain makes the test's own program the server, when a soak runs it so.
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

// mute answers so many times, and then never again.
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

// small is a soak of seconds. The server's timeouts are long, because the machine
// may be busy, so there is no time for the abuses that wait for them, which TestAbuses has. The heap is
// so small that a tenth of it is noise. The race detector keeps memory of its own,
// outside of the heap.
func small(t *testing.T, fault string) Config {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	c.Conns, c.For, c.Warmup, c.Rate = 50, time.Second, 500*time.Millisecond, 500
	c.Least, c.Margin = 1000, time.Minute
	c.Server.IdleTimeout, c.Server.WriteTimeout = time.Minute, time.Minute
	c.Server.CloseTimeout, c.Server.HeaderTimeout = time.Minute, time.Minute
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
				t.Error("a promise was broken")
			}
			var b strings.Builder
			r.Print(&b)
			t.Log(b.String())
		})
	}
}

// TestPlantedFaults: each fault of a server breaks the promise that is there for it.
func TestPlantedFaults(t *testing.T) {
	const (
		messages = "good clients saw every message, in order"
		cut      = "no good client was cut off"
	)
	tests := []struct{ fault, promise string }{
		{"drop", messages},
		{"swap", messages},
		{"twice", messages},
		{"change", messages},
		{"cut", cut},
		{"forget", "codes before a reset arrived"},
		{"keep", "live heap is back"},
		{"goroutine", "goroutines are back"},
		{"file", "files are closed"},
		{"stay", "no connection is left"},
		{"error", "the server's log is empty"},
		{"panic", "the server's log is empty"},
		{"die", "the server lived and ended well"},
		{"mute", "the server lived and ended well"},
	}
	for _, tt := range tests {
		if raceEnabled && !slices.Contains([]string{"drop", "keep", "goroutine"}, tt.fault) {
			continue // the detector makes them slow, and has seen the same code
		}
		if os.Getenv("HAWSER_FULL") == "" && !slices.Contains([]string{"drop", "keep", "goroutine", "cut", "panic"}, tt.fault) {
			continue
		}
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			c := small(t, tt.fault)
			c.Abusive = 0
			c.Patience = time.Second // with what never goes
			c.Answer = 20 * time.Second
			if tt.fault == "stay" || tt.fault == "die" {
				c.Margin = 2 * time.Second // for what never comes
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
					t.Errorf("%q does not tell the cause", f.text)
				}
				if f.ok && !unseen(tt.fault, r) {
					t.Errorf("%q was found to be kept", f.promise)
				}
				return
			}
			t.Errorf("no finding %q", tt.promise)
		})
	}
}

// unseen reports whether this system does not tell of a fault.
func unseen(fault string, r *Report) bool {
	return fault == "file" && r.cold.Files == 0 || fault == "forget" && !tellsUnacknowledged
}

// plant makes the hooks for a fault.
func plant(fault string) hooks {
	var n atomic.Int64
	every := func(k int64) bool { return n.Add(1)%k == 0 }
	message := func() error { return nil }
	switch fault {
	case "cut":
		message = func() error {
			if every(20) {
				return context.Canceled // closed with 1001, and nothing logged
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
	return hooks{open: plantOpen(fault), message: message, echo: plantEcho(fault, every), ending: plantEnding(fault)}
}

// plantOpen makes what happens at the start of each connection.
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

// plantEnding makes what is noted of a connection's end.
func plantEnding(fault string) func(farewell) farewell {
	if fault != "forget" {
		return nil
	}
	return func(f farewell) farewell { return farewell{Life: f.Life, Err: "planted"} }
}

// plantEcho makes what happens to echoes.
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
