package soak

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// abuseAll commits the chosen abuses on the server at addr, concurrently, n times each, and calls
// report with the result of each.
func abuseAll(
	t *testing.T, cfg *Config, addr string, n int,
	chosen func(kind int) bool, report func(kind int, err error),
) {
	var wg sync.WaitGroup
	for i, abuse := range abuses {
		for k := range n {
			if !chosen(i) {
				continue
			}
			wg.Go(func() {
				c := &clientEnv{
					cfg: cfg, server: &process{addr: addr}, tally: newTally(0),
					all: t.Context(), phase: t.Context(),
				}
				a := &abuser{clientEnv: c, rng: rand.New(rand.NewPCG(uint64(i), uint64(k)))}
				if err := a.connect(); err != nil {
					t.Error(err)
					return
				}
				defer a.Close()
				report(i, abuse.do(a))
			})
		}
	}
	wg.Wait()
}

func every(int) bool { return true }

// serveHere runs the server in this process.
func serveHere(t *testing.T, cfg ServerConfig, planted hooks) (addr string) {
	l, h, err := listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{
		Handler:           newServer(cfg, planted).handler(),
		ReadHeaderTimeout: cfg.HeaderTimeout, IdleTimeout: cfg.HeaderTimeout,
	}
	t.Cleanup(func() { web.Close() })
	go web.Serve(l)
	return h.Addr
}

// TestAbuses: the server handles each abuse as required, several times concurrently. Its timeouts are
// short for abuses that wait for them. For the others they are so long that a busy machine does not
// reach them.
func TestAbuses(t *testing.T) {
	for _, waits := range []bool{true, false} {
		cfg := Default()
		cfg.Margin = time.Minute
		cfg.Server = ServerConfig{
			Topics: 1, MaxMessage: 64 << 10,
			IdleTimeout: time.Minute, WriteTimeout: time.Minute,
			CloseTimeout: time.Minute, HeaderTimeout: time.Minute,
		}
		if waits {
			s := &cfg.Server
			s.IdleTimeout, s.WriteTimeout = 2*time.Second, 2*time.Second
			s.CloseTimeout, s.HeaderTimeout = 3*time.Second, 2*time.Second
		}
		addr := serveHere(t, cfg.Server, hooks{})
		times := 4
		if raceEnabled {
			times = 1
		}
		chosen := func(kind int) bool { return abuses[kind].waits == waits }
		abuseAll(t, &cfg, addr, times, chosen, func(kind int, err error) {
			if err != nil {
				t.Errorf("%s: %v", abuses[kind].name, err)
			}
		})
	}
}

// TestAbusesOfASink: a server that accepts every handshake, reads everything and does nothing fails
// every abuse that requires a reaction.
func TestAbusesOfASink(t *testing.T) {
	addr := sink(t)
	cfg := Default()
	cfg.Server = ServerConfig{Topics: 1, MaxMessage: 64 << 10}
	cfg.Margin = 3 * time.Second // all of it is spent waiting
	abuseAll(t, &cfg, addr, 1, every, func(kind int, err error) {
		if a := abuses[kind]; (err == nil) != (a.must == "nothing") {
			t.Errorf("%s: error: %v", a.name, err)
		}
	})
}

// TestAbusesWithoutLimits: a server without limits fails the abuses that the limits stop.
func TestAbusesWithoutLimits(t *testing.T) {
	cfg := Default()
	cfg.Server = ServerConfig{
		Topics: 1, MaxMessage: 64 << 10,
		IdleTimeout: time.Hour, CloseTimeout: time.Minute, HeaderTimeout: time.Minute,
	}
	addr := serveHere(t, cfg.Server, hooks{limits: func(l *websocket.Limits) {
		l.MaxMessage, l.MaxEmptyFragments, l.MaxControls, l.WriteTimeout = -1, -1, -1, -1
	}})
	var mu sync.Mutex
	needed := map[string]bool{
		"a flood of empty fragments": true, "a flood of tiny fragments": true, "a flood of pings": true,
		"a length of 2^62": true, "a stall inside a payload": true, "a stall inside a frame header": true,
		"a client that stops reading": true,
	}
	cfg.Server = ServerConfig{Topics: 1, MaxMessage: 64 << 10} // the limits that the clients expect
	cfg.Margin = 3 * time.Second                               // all of it is spent waiting
	tried := 0
	chosen := func(kind int) bool { return needed[abuses[kind].name] }
	abuseAll(t, &cfg, addr, 1, chosen, func(kind int, err error) {
		mu.Lock()
		defer mu.Unlock()
		tried++
		if err == nil {
			t.Errorf("%s: the server passed without limits", abuses[kind].name)
		}
	})
	if tried != len(needed) {
		t.Errorf("tried %d abuses, want %d", tried, len(needed))
	}
}

// sink accepts every connection, answers the first blank line with status 101, and discards the rest.
func sink(t *testing.T) (addr string) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				br := bufio.NewReader(c)
				for line, err := "", error(nil); line != "\r\n" && err == nil; {
					line, err = br.ReadString('\n')
				}
				_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
				_, _ = io.Copy(io.Discard, br)
				<-t.Context().Done()
			}()
		}
	}()
	return l.Addr().String()
}
