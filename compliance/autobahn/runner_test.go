package autobahn

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFindRunner(t *testing.T) {
	tests := []struct {
		name           string
		onPath         []string // which of the fakes are on PATH
		wstest, docker string   // how they fare
		forceDocker    bool
		want           string // how the chosen one is called, without its directory
		version        string
	}{
		{"wstest on PATH", []string{"wstest", "docker"}, "", "", false, "wstest", Version},
		{"an older wstest", []string{"wstest"}, "old", "", false, "wstest", "0.8.2"},
		{"docker alone", []string{"docker"}, "", "", false, "docker " + DefaultImage, Version},
		{"docker is forced", []string{"wstest", "docker"}, "", "", true, "docker " + DefaultImage, Version},
		{"broken wstest, docker", []string{"wstest", "docker"}, "broken", "", false, "docker " + DefaultImage, Version},
		{"wstest, docker without an engine", []string{"wstest", "docker"}, "", "no engine", false, "wstest", Version},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", installFakes(t, tt.onPath...))
			t.Setenv("FAKE_WSTEST", tt.wstest)
			t.Setenv("FAKE_DOCKER", tt.docker)
			r, version, err := findRunner(t.Context(), "", tt.forceDocker, DefaultImage)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSuffix(filepath.Base(r.String()), ".exe"); got != filepath.Base(tt.want) || version != tt.version {
				t.Errorf("found %s %s, want %s %s", r, version, tt.want, tt.version)
			}
		})
	}
}

func TestFindRunnerNone(t *testing.T) {
	tests := []struct {
		name           string
		onPath         []string
		wstest, docker string
		want           []string // what the error tells
	}{
		{"nothing", nil, "", "", []string{"no wstest on PATH", "no docker on PATH"}},
		{"docker without an engine", []string{"docker"}, "", "no engine", []string{"no wstest on PATH", "Cannot connect to the Docker daemon"}},
		{"broken wstest", []string{"wstest"}, "broken", "", []string{"ImportError", "no docker"}},
		{"another wstest", []string{"wstest"}, "other", "", []string{"is no wstest", "the web site tester"}},
		{"wstest that would listen everywhere", []string{"wstest"}, "deaf", "", []string{"cannot be kept on loopback"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", installFakes(t, tt.onPath...))
			t.Setenv("FAKE_WSTEST", tt.wstest)
			t.Setenv("FAKE_DOCKER", tt.docker)
			_, _, err := findRunner(t.Context(), "", false, DefaultImage)
			var none *NoRunnerError
			if !errors.As(err, &none) {
				t.Fatalf("error %v, want a NoRunnerError", err)
			}
			for _, want := range append(tt.want, "-install DIR", "-wstest PATH", DefaultImage) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
		})
	}
}

func TestFindRunnerForcedDockerWithoutEngine(t *testing.T) {
	t.Setenv("PATH", installFakes(t, "wstest", "docker"))
	t.Setenv("FAKE_DOCKER", "no engine")
	if _, _, err := findRunner(t.Context(), "", true, DefaultImage); err == nil || !strings.Contains(err.Error(), "no docker engine") {
		t.Errorf("error %v", err)
	}
}

func TestFindRunnerByPath(t *testing.T) {
	program := fakeWstestPath(t, "")
	t.Setenv("PATH", "")
	r, _, err := findRunner(t.Context(), program, false, DefaultImage)
	if err != nil || r.String() != program {
		t.Errorf("by its path: %v, error %v", r, err)
	}

	installed := t.TempDir()
	if err := os.Rename(filepath.Dir(program), filepath.Join(installed, "bin")); err != nil {
		t.Fatal(err)
	}
	r, _, err = findRunner(t.Context(), installed, false, DefaultImage)
	if want := filepath.Join(installed, "bin", "wstest"); err != nil || r.String() != want {
		t.Errorf("by its directory: %v, error %v; want %s", r, err, want)
	}

	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, _, err := findRunner(t.Context(), path, false, DefaultImage); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s, where there is none: %v", path, err)
		}
	}
}

func TestDockerArgs(t *testing.T) {
	server := job{mode: modeServer, specDir: "/tmp/wscheck-1", outDir: "/home/x/reports", port: 9001}
	client := job{mode: modeClient, specDir: "/tmp/wscheck-1", outDir: "/home/x/reports"}
	tests := []struct {
		goos string
		job  job
		want string
	}{
		{"linux", server, "run --rm --init --name wscheck-1 -v /tmp/wscheck-1:/config:ro,z -v /home/x/reports:/reports:z " +
			"-e PYTHONUNBUFFERED=1 -p 127.0.0.1:9001:9001 image:1 wstest -m fuzzingserver -u 0 -s /config/spec.json"},
		{"linux", client, "run --rm --init --name wscheck-1 -v /tmp/wscheck-1:/config:ro,z -v /home/x/reports:/reports:z " +
			"-e PYTHONUNBUFFERED=1 --network host image:1 wstest -m fuzzingclient -u 0 -s /config/spec.json"},
		{"darwin", client, "run --rm --init --name wscheck-1 -v /tmp/wscheck-1:/config:ro,z -v /home/x/reports:/reports:z " +
			"-e PYTHONUNBUFFERED=1 --add-host host.docker.internal:host-gateway image:1 wstest -m fuzzingclient -u 0 -s /config/spec.json"},
	}
	for _, tt := range tests {
		d := &docker{image: "image:1", goos: tt.goos}
		if diff := cmp.Diff(strings.Split(tt.want, " "), d.args(tt.job)); diff != "" {
			t.Errorf("%s on %s (-want +got):\n%s", tt.job.mode, tt.goos, diff)
		}
	}
}

func TestDockerReach(t *testing.T) {
	for _, tt := range []struct{ goos, url, want string }{
		{"linux", "ws://127.0.0.1:9001/a", "ws://127.0.0.1:9001/a"},
		{"darwin", "ws://127.0.0.1:9001/a?b=c", "ws://host.docker.internal:9001/a?b=c"},
		{"darwin", "wss://localhost", "wss://host.docker.internal"},
		{"windows", "ws://[::1]:80", "ws://host.docker.internal:80"},
		{"darwin", "wss://example.com:443/a", "wss://example.com:443/a"},
		{"darwin", "ws://192.0.2.1/a", "ws://192.0.2.1/a"},
	} {
		d := &docker{goos: tt.goos}
		if got := d.reach(tt.url); got != tt.want {
			t.Errorf("%s on %s: %s, want %s", tt.url, tt.goos, got, tt.want)
		}
	}
}

func TestLocalCommand(t *testing.T) {
	t.Setenv("PYTHONPATH", "/before")
	cmd := (&local{path: "/bin/wstest"}).command(t.Context(), job{mode: modeServer, specDir: "/tmp/s", outDir: "/tmp/o"})
	if got := strings.Join(cmd.Args, " "); filepath.ToSlash(got) != "/bin/wstest -m fuzzingserver -u 0 -s /tmp/s/spec.json" {
		t.Errorf("command %s", got)
	}
	want := "PYTHONPATH=/tmp/s" + string(os.PathListSeparator) + "/before"
	if !slices.Contains(cmd.Env, want) {
		t.Errorf("no %s in the environment", want)
	}
}

// A wstest behind a shell script that waits for it must end with its context,
// script and all.
func TestCommandEndsTheGroup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no process group to signal")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	program := fakeWstestPath(t, "hangs")
	text := "#!/bin/sh\n" + shellQuote(program) + " \"$@\"\necho the script went on\n"
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	s := spec{OutDir: dir, Cases: []string{"1.1.1"}}
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	j := job{mode: modeClient, specDir: dir, outDir: dir}
	p, err := start((&local{path: script}).command(ctx, j), filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	waitForFile(t, filepath.Join(dir, "hanging"))
	cancel()
	if err := p.wait(); err == nil {
		t.Error("the script ended well")
	}
	waitForFile(t, filepath.Join(dir, "ended"))
}
