package autobahn

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
)

func TestRunServer(t *testing.T) {
	tests := []struct {
		how            string
		short, missing int
		err            string // part of the error; "" for none
	}{
		{how: ""},
		{how: "short", short: 1},
		{how: "half", missing: 1},
		{how: "none", err: "ran no case"},
		{how: "dies", err: "planted at the start"},
		{how: "dies late", err: "planted at the end"},
	}
	server := upgradeServer(t)
	for _, tt := range tests {
		t.Run(tt.how, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "reports")
			r, err := Run(t.Context(), Options{
				Server: server, Cases: []string{"1.1.1", "1.1.2"},
				Agent: "a server", Dir: dir, Wstest: fakeWstestPath(t, tt.how),
			})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Agent != "a server" || r.Dir != dir || len(r.Cases) != 2 {
				t.Errorf("report on %q in %s with %d cases", r.Agent, r.Dir, len(r.Cases))
			}
			if len(r.Short()) != tt.short || len(r.Missing()) != tt.missing {
				t.Errorf("short %v, missing %v", r.Short(), r.Missing())
			}
		})
	}
}

func TestRunClient(t *testing.T) {
	tests := []struct {
		how            string
		tls            bool
		short, missing int
		err            string
	}{
		{how: ""},
		{how: "", tls: true},
		{how: "short", short: 1},
		{how: "half", missing: 1},
		{how: "none", err: "ran no case"},
		{how: "fewer", err: "1 cases, want 2"},
		{how: "dies", err: "planted at the start"},
		{how: "dies on the way", err: "planted in a case"},
	}
	for _, tt := range tests {
		name := tt.how
		if tt.tls {
			name += " over TLS"
		}
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "reports")
			r, err := Run(t.Context(), Options{
				Client: httpDialer, TLS: tt.tls, Cases: []string{"1.1.1", "1.1.2"},
				Agent: "a client & more", Dir: dir, Wstest: fakeWstestPath(t, tt.how),
			})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Short()) != tt.short || len(r.Missing()) != tt.missing {
				t.Errorf("short %v, missing %v", r.Short(), r.Missing())
			}
			if _, err := os.Stat(filepath.Join(dir, "ended")); err != nil {
				t.Errorf("wstest was not asked to end: %v", err)
			}
		})
	}
}

func TestRunInDocker(t *testing.T) {
	t.Setenv("PATH", installFakes(t, "docker"))
	removed := filepath.Join(t.TempDir(), "removed")
	t.Setenv("FAKE_DOCKER_REMOVED", removed)
	for _, how := range []string{"", "short"} {
		t.Setenv("FAKE_DOCKER", how)
		for name, o := range map[string]Options{
			"server": {Server: upgradeServer(t)},
			"client": {Client: httpDialer},
		} {
			o.Cases, o.Dir = []string{"1.1.*"}, t.TempDir()
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(r.Results) != 8 || (len(r.Short()) > 0) != (how == "short") {
				t.Errorf("%s %q: %d results, short %v", name, how, len(r.Results), r.Short())
			}
		}
	}
	if name, err := os.ReadFile(removed); err != nil || !bytes.HasPrefix(name, []byte("wscheck-")) {
		t.Errorf("removed container %q, %v", name, err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	cause := errors.New("canceled by the test")
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	server, wstest := upgradeServer(t), fakeWstestPath(t, "hangs")
	go func() {
		_, err := Run(ctx, Options{Server: server, Dir: dir, Wstest: wstest})
		ended <- err
	}()
	waitForFile(t, filepath.Join(dir, "hanging"))
	cancel(cause)
	if err := <-ended; err != cause {
		t.Errorf("error %v, want %v", err, cause)
	}
	if _, err := os.Stat(filepath.Join(dir, "ended")); err != nil {
		t.Errorf("wstest was not asked to end: %v", err)
	}
}

func TestRunErrors(t *testing.T) {
	t.Setenv("PATH", "")
	server := upgradeServer(t)
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"neither side", Options{}, "one of"},
		{"both sides", Options{Server: server, Client: httpDialer}, "one of"},
		{"no such case", Options{Server: server, Cases: []string{"8.1"}}, "no case"},
		{"http URL", Options{Server: "http://127.0.0.1:1/"}, "ws://"},
		{"no host", Options{Server: "ws:///x"}, "ws://"},
		{"agent not in ASCII", Options{Client: httpDialer, Agent: "caf\u00e9"}, "ASCII"},
		{"agent ends with a space", Options{Client: httpDialer, Agent: "x "}, "space"},
		{"no wstest", Options{Server: server}, "no Autobahn test suite to run"},
	}
	for _, tt := range tests {
		tt.o.Dir = filepath.Join(t.TempDir(), "reports")
		if _, err := Run(t.Context(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
		if _, err := os.Stat(tt.o.Dir); err == nil {
			t.Errorf("%s: Run created the report directory", tt.name)
		}
	}
}

func TestPrepareDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "re[ports")
	keep := []string{"other_case_1_1_1.json", "wstest.log", "my_notes.json"}
	old := []string{"index.html", "an_agent__1_case_1_1_1.json", "an_agent__1_case_1_1_1.html"}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(slices.Clone(keep), append(old, indexName)...) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := prepareDir(&Options{Dir: dir, Agent: "An Agent/ 1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed: %v", name, err)
		}
	}
	for _, name := range old {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s of an earlier run was not removed", name)
		}
	}
	if index, err := report.ReadIndex(filepath.Join(dir, indexName)); err != nil || len(index) != 0 {
		t.Errorf("index.json: %v, error %v", index, err)
	}
}
