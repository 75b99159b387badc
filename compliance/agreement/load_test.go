package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
)

// TestMain runs the busy loops in a process that startBusy has started, as main does.
func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(busyVariable)); err == nil {
		beBusy(n)
		return
	}
	os.Exit(m.Run())
}

// TestLoad tests a server that behaves the same under load, and two that do not. One of
// those is a known race.
func TestLoad(t *testing.T) {
	had := knownDifferences
	defer func() { knownDifferences = had }()
	knownDifferences = []known{
		{peer: "racing", original: "FAILED", native: "OK", varies: true, either: true},
		{peer: "fickle", original: "OK", native: "FAILED"},
	}
	for _, row := range []struct {
		name string
		peer *peers.Peer
		want string // "" if no verdict differs
		race bool
	}{
		{"steady", gorilla(t), "", false},
		{"fickle", fickle(t, "fickle"),
			"fickle server, 1.1.1: behavior is OK, and FAILED with 1 busy loops\n", false},
		{"racing", fickle(t, "racing"),
			"racing server, 1.1.1: behavior is OK, and FAILED with 1 busy loops (a known race)\n", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			var log strings.Builder
			c := &config{
				peers: []*peers.Peer{row.peer}, sides: []side{server},
				cases: []string{"1.1.1"}, named: true, load: 1, out: t.TempDir(), log: &log,
			}
			var want error
			if row.want != "" && !row.race {
				want = errDiffer
			}
			if err := c.compareLoad(t.Context()); !errors.Is(err, want) {
				t.Errorf("error %v, want %v", err, want)
			}
			got := log.String()
			if !strings.Contains(got, row.want) || row.want == "" && strings.Contains(got, "busy") {
				t.Errorf("log %q, want %q", got, row.want)
			}
		})
	}
}

func gorilla(t *testing.T) *peers.Peer {
	list, err := peers.Select([]string{"gorilla"})
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// fickle returns a peer that is gorilla when it first serves, and then a server without
// WebSockets.
func fickle(t *testing.T, name string) *peers.Peer {
	good, started := gorilla(t), false
	return &peers.Peer{Name: name, Serve: func(ctx context.Context, env *peers.Env) (*peers.Server, error) {
		if !started {
			started = true
			return good.Serve(ctx, env)
		}
		s, done := httptest.NewServer(http.NotFoundHandler()), make(chan struct{})
		context.AfterFunc(ctx, func() {
			s.Close()
			close(done)
		})
		return &peers.Server{URL: "ws" + strings.TrimPrefix(s.URL, "http"), Done: done}, nil
	}}
}

// TestBusyEnds checks that the busy loops end at EOF on their standard input.
func TestBusyEnds(t *testing.T) {
	cmd, err := busyCommand(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.Output(); err != nil || string(out) != busyWord {
		t.Errorf("output %q, error %v", out, err)
	}
}
