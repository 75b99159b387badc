package broken

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Each defect in the table has code, and each defect in the code is in the table.
func TestDefectsAreInSource(t *testing.T) {
	places := map[string]int{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`broken\("([^"]+)"\)`)
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range place.FindAllSubmatch(source, -1) {
			places[string(m[1])]++
		}
	}
	seen := map[string]bool{}
	for _, d := range Defects() {
		if seen[d.Name] {
			t.Errorf("%s is in the table twice", d.Name)
		}
		seen[d.Name] = true
		if places[d.Name] == 0 {
			t.Errorf("%s has no code", d.Name)
		}
		if d.What == "" || len(d.Cases) == 0 || d.Roles&BothRoles == 0 {
			t.Errorf("%s has an empty field: %+v", d.Name, d)
		}
	}
	for name := range places {
		if !seen[name] {
			t.Errorf("%s has code but is not in the table", name)
		}
	}
	t.Logf("%d defects", len(seen))
}

// messages returns the messages that exchange sends.
func messages() [][]byte {
	long := bytes.Repeat([]byte("sixteen bytes.  "), 9000)
	return [][]byte{nil, []byte("Grüße"), long[:125], long[:126], long[:65535], long[:65536], long,
		[]byte("last")}
}

// exchange sends each message, reads it back, pings and closes.
func exchange(ctx context.Context, c *websocket.Conn) error {
	for _, want := range messages() {
		for _, kind := range []websocket.MessageType{websocket.Text, websocket.Binary} {
			if err := c.Write(ctx, kind, want); err != nil {
				return err
			}
			got, p, err := c.Read(ctx)
			if err != nil {
				return err
			}
			if got != kind || !bytes.Equal(p, want) {
				return errors.New("the reply differs from the message")
			}
		}
	}
	return c.Close(ctx, websocket.StatusNormalClosure, "")
}

// ways are extensions to connect with: none, and permessage-deflate with each parameter.
var ways = map[string][]wire.Extension{
	"plain":       nil,
	"compressed":  {deflate.MustNew(&deflate.Options{WindowBits: 15, Threshold: -1})},
	"no takeover": {deflate.MustNew(&deflate.Options{NoContextTakeover: true, Threshold: -1})},
	"windows":     {deflate.MustNew(&deflate.Options{WindowBits: 9, Threshold: -1})},
}

func TestCorrectServer(t *testing.T) {
	s := &Server{}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, extensions := range ways {
		t.Run(name, func(t *testing.T) {
			c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Extensions: extensions})
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseNow()
			if err := exchange(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCorrectClient(t *testing.T) {
	for name, extensions := range ways {
		t.Run(name, func(t *testing.T) {
			result := make(chan error, 1)
			s := httptest.NewServer(websocket.Handler{
				Serve: func(ctx context.Context, c *websocket.Conn) error {
					err := exchange(ctx, c)
					result <- err
					return err
				},
				Options: &websocket.AcceptOptions{Extensions: extensions},
			})
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := new(Client).Echo(ctx, "ws"+strings.TrimPrefix(s.URL, "http")); err != nil {
				t.Fatal(err)
			}
			if err := <-result; err != nil {
				t.Error(err)
			}
		})
	}
}

// A server that is closed while a connection is open leaves no goroutine.
func TestServerCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	s := &Server{Defect: "tcp-kept"}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := websocket.Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the connection is still open")
	}
	c.CloseNow()
	deadline := time.Now().Add(time.Minute)
	for ; runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func TestUnknownDefect(t *testing.T) {
	if _, err := (&Server{Defect: "no such"}).Start(); err == nil {
		t.Error("a server accepted an unknown defect")
	}
	if _, err := (&Server{Defect: "answer-status"}).Start(); err == nil {
		t.Error("a server accepted a defect of clients")
	}
	if err := (&Client{Defect: "handshake-silent"}).Echo(t.Context(), "ws://127.0.0.1:1/"); err == nil {
		t.Error("a client accepted a defect of servers")
	}
}
