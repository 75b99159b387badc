package peers

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

// ready returns the Go libraries. With HAWSER_PEERS it installs the other peers and returns
// all of them.
func ready(t *testing.T) ([]*Peer, *Env) {
	env := &Env{Cache: t.TempDir(), Log: func(line string) { t.Log(line) }}
	all := All()
	if os.Getenv("HAWSER_PEERS") == "" {
		return slices.DeleteFunc(all, func(p *Peer) bool { return !p.Go() }), env
	}
	cache, err := DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	env.Cache = cache
	for _, p := range all {
		if p.Install == nil {
			continue
		}
		if _, err := p.Install(t.Context(), env); err != nil {
			t.Fatal(err)
		}
	}
	return all, env
}

// TestServers checks that every server echoes texts and binary messages, answers a close
// frame, and ends with its context.
func TestServers(t *testing.T) {
	list, env := ready(t)
	for _, p := range list {
		if p.Serve == nil {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s, err := p.Serve(ctx, env)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{"Origin": {"http://127.0.0.1"}}
			c, _, err := websocket.DefaultDialer.DialContext(ctx, s.URL, header)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			deadline, _ := ctx.Deadline()
			_ = c.SetReadDeadline(deadline)
			for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
				if err := c.WriteMessage(kind, []byte("Grüße")); err != nil {
					t.Fatal(err)
				}
				got, message, err := c.ReadMessage()
				if err != nil || got != kind || string(message) != "Grüße" {
					t.Fatalf("sent kind %d, got kind %d, %q, %v", kind, got, message, err)
				}
			}
			frame := websocket.FormatCloseMessage(1000, "")
			if err := c.WriteMessage(websocket.CloseMessage, frame); err != nil {
				t.Fatal(err)
			}
			if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, 1000, 1005) {
				t.Errorf("after a close frame: %v", err)
			}
			cancel()
			<-s.Done
		})
	}
}

// A fuzzer is a fuzzing server with three cases. It records the requests.
type fuzzer struct {
	mu      sync.Mutex
	asked   []string
	running sync.WaitGroup
}

// place reserves the next line of the record and returns a function that fills it in.
func (f *fuzzer) place() func(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := len(f.asked)
	f.asked = append(f.asked, "")
	return func(format string, args ...any) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.asked[i] = fmt.Sprintf(format, args...)
	}
}

func (f *fuzzer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.running.Add(1)
	defer f.running.Done()
	note := f.place()
	u := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	c, err := u.Upgrade(w, r, nil)
	if err != nil {
		note("%v", err)
		return
	}
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	what := r.URL.Path[1:]
	q := r.URL.Query()
	switch what {
	case "getCaseCount":
		_ = c.WriteMessage(websocket.TextMessage, []byte("3"))
	case "runCase":
		kind, payload := websocket.TextMessage, "Grüße"
		switch q.Get("case") {
		case "2":
			kind = websocket.BinaryMessage
		case "3":
			payload = "\xff"
		}
		_ = c.WriteMessage(kind, []byte(payload))
		got, message, err := c.ReadMessage()
		what += fmt.Sprintf(" %s: %d %s %v", q.Get("case"), got, message, websocket.IsCloseError(err, 1007))
	}
	note("%s %s", q.Get("agent"), what)
	_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	_, _, _ = c.ReadMessage()
}

// TestClients checks that every client requests all cases in order, echoes messages with
// their types, and closes with 1007 after a text that is not UTF-8.
func TestClients(t *testing.T) {
	list, env := ready(t)
	for _, p := range list {
		if p.Drive == nil {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			f := &fuzzer{}
			s, err := serveHTTP(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Drive(ctx, env, s.URL, "an agent/1+2"); err != nil {
				t.Fatal(err)
			}
			want := []string{
				" getCaseCount",
				"an agent/1+2 runCase 1: 1 Grüße false",
				"an agent/1+2 runCase 2: 2 Grüße false",
				"an agent/1+2 runCase 3: -1  true",
				"an agent/1+2 updateReports",
			}
			if slices.Contains([]string{"chromium", "tornado", "tokio-websockets", "tungstenite"}, p.Name) {
				want[3] = "an agent/1+2 runCase 3: -1  false" // they close TCP without a close frame
			}
			f.running.Wait() // soon, since the client has ended
			f.mu.Lock()
			defer f.mu.Unlock()
			if diff := cmp.Diff(want, f.asked); diff != "" {
				t.Errorf("requests of the client (-want +got):\n%s", diff)
			}
		})
	}
}
