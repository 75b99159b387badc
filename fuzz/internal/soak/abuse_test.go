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

// abuseAll commits all abuses that chosen wants on the server at addr, at once, n
// times each, and tells how each went.
func abuseAll(t *testing.T, cfg *Config, addr string, n int, chosen func(kind int) bool, tell func(kind int, err error)) {
	var wg sync.WaitGroup
	for i, abuse := range abuses {
		for k := range n {
			if !chosen(i) {
				continue
			}
			wg.Go(func() {
				c := &crowd{cfg: cfg, server: &process{addr: addr}, tally: newTally(0), all: t.Context(), phase: t.Context()}
				a := &abuser{crowd: c, rng: rand.New(rand.NewPCG(uint64(i), uint64(k)))}
				if err := a.connect(); err != nil {
					t.Error(err)
					return
				}
				defer a.Close()
				tell(i, abuse.do(a))
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
	web := &http.Server{Handler: newServer(cfg, planted).handler(), ReadHeaderTimeout: cfg.HeaderTimeout, IdleTimeout: cfg.HeaderTimeout}
	t.Cleanup(func() { web.Close() })
	go web.Serve(l)
	return h.Addr
}

// TestAbuses: the server answers each abuse as it must, several times over, at once.
// Its timeouts are short for those that wait for them, and for the others so long
// that a busy machine cannot reach them.
func TestAbuses(t *testing.T) {
	for _, waits := range []bool{true, false} {
		cfg := Default()
		cfg.Margin = time.Minute
		cfg.Server = ServerConfig{
			Topics: 1, MaxMessage: 64 << 10,
			IdleTimeout: time.Minute, WriteTimeout: time.Minute, CloseTimeout: time.Minute, HeaderTimeout: time.Minute,
		}
		if waits {
			s := &cfg.Server
			s.IdleTimeout, s.WriteTimeout, s.CloseTimeout, s.HeaderTimeout = 2*time.Second, 2*time.Second, 3*time.Second, 2*time.Second
		}
		addr := serveHere(t, cfg.Server, hooks{})
		times := 4
		if raceEnabled {
			times = 1
		}
		abuseAll(t, &cfg, addr, times, func(kind int) bool { return abuses[kind].waits == waits }, func(kind int, err error) {
			if err != nil {
				t.Errorf("%s: %v", abuses[kind].name, err)
			}
		})
	}
}

// TestAbusesOfAHole: a server that shakes hands with everybody, takes everything and
// does nothing passes none of the abuses but the one that asks for nothing.
func TestAbusesOfAHole(t *testing.T) {
	addr := hole(t)
	cfg := Default()
	cfg.Server = ServerConfig{Topics: 1, MaxMessage: 64 << 10}
	cfg.Margin = 3 * time.Second // that nothing comes in
	abuseAll(t, &cfg, addr, 1, every, func(kind int, err error) {
		if a := abuses[kind]; (err == nil) != (a.must == "nothing") {
			t.Errorf("%s: error: %v", a.name, err)
		}
	})
}

// TestAbusesWithoutLimits: a server without limits is found out by the abuses that
// limits are for.
func TestAbusesWithoutLimits(t *testing.T) {
	cfg := Default()
	cfg.Server = ServerConfig{Topics: 1, MaxMessage: 64 << 10, IdleTimeout: time.Hour, CloseTimeout: time.Minute, HeaderTimeout: time.Minute}
	addr := serveHere(t, cfg.Server, hooks{limits: func(l *websocket.Limits) {
		l.MaxMessage, l.MaxEmptyFragments, l.MaxControls, l.WriteTimeout = -1, -1, -1, -1
	}})
	var mu sync.Mutex
	needed := map[string]bool{
		"a flood of empty fragments": true, "a flood of tiny fragments": true, "a flood of pings": true,
		"a length of 2^62": true, "a stall within a payload": true, "a stall within a frame's header": true,
		"a reader that has stopped": true,
	}
	cfg.Server = ServerConfig{Topics: 1, MaxMessage: 64 << 10} // what the abusers know of it
	cfg.Margin = 3 * time.Second                               // that nothing comes in
	tried := 0
	abuseAll(t, &cfg, addr, 1, func(kind int) bool { return needed[abuses[kind].name] }, func(kind int, err error) {
		mu.Lock()
		defer mu.Unlock()
		tried++
		if err == nil {
			t.Errorf("%s: found to be answered as it must be", abuses[kind].name)
		}
	})
	if tried != len(needed) {
		t.Errorf("%d abuses tried of %d", tried, len(needed))
	}
}

// hole takes every connection, answers the first blank line with 101, and reads
// without end.
func hole(t *testing.T) (addr string) {
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
