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
		onPath         []string // the fakes on PATH
		wstest, docker string   // how they fail
		forceDocker    bool
		want           string // the name of the runner, without its directory
		version        string
	}{
		{"wstest on PATH", []string{"wstest", "docker"}, "", "", false, "wstest", Version},
		{"an older wstest", []string{"wstest"}, "old", "", false, "wstest", "0.8.2"},
		{"only docker", []string{"docker"}, "", "", false, "docker " + DefaultImage, Version},
		{"forced docker", []string{"wstest", "docker"}, "", "", true, "docker " + DefaultImage, Version},
		{"broken wstest, docker", []string{"wstest", "docker"}, "broken", "", false,
			"docker " + DefaultImage, Version},
		{"wstest, docker without an engine", []string{"wstest", "docker"}, "", "no engine", false,
			"wstest", Version},
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
			got := strings.TrimSuffix(filepath.Base(r.String()), ".exe")
			if got != filepath.Base(tt.want) || version != tt.version {
				t.Errorf("found %s %s, want %s %s", r, version, tt.want, tt.version)
			}
		})
	}
}

func TestFindRunnerErrors(t *testing.T) {
	tests := []struct {
		name           string
		onPath         []string
		wstest, docker string
		want           []string // parts of the error
	}{
		{"nothing", nil, "", "", []string{"wstest is not on PATH", "docker is not on PATH"}},
		{"docker without an engine", []string{"docker"}, "", "no engine",
			[]string{"wstest is not on PATH", "Cannot connect to the Docker daemon"}},
		{"broken wstest", []string{"wstest"}, "broken", "",
			[]string{"ImportError", "docker is not on PATH"}},
		{"another wstest", []string{"wstest"}, "other", "",
			[]string{"is not a wstest", "the web site tester"}},
		{"wstest without PYTHONPATH", []string{"wstest"}, "drops PYTHONPATH", "",
			[]string{"cannot be kept on loopback"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PATH", installFakes(t, tt.onPath...))
			t.Setenv("FAKE_WSTEST", tt.wstest)
			t.Setenv("FAKE_DOCKER", tt.docker)
			_, _, err := findRunner(t.Context(), "", false, DefaultImage)
			var none *NoRunnerError
			if !errors.As(err, &none) {
				t.Fatalf("error %v is not a *NoRunnerError", err)
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
	_, _, err := findRunner(t.Context(), "", true, DefaultImage)
	if err == nil || !strings.Contains(err.Error(), "no Docker engine") {
		t.Errorf("error %v, want one with %q", err, "no Docker engine")
	}
}

func TestFindRunnerByPath(t *testing.T) {
	program := fakeWstestPath(t, "")
	t.Setenv("PATH", "")
	r, _, err := findRunner(t.Context(), program, false, DefaultImage)
	if err != nil || r.String() != program {
		t.Errorf("path of a program: %v, error %v", r, err)
	}

	installed := t.TempDir()
	if err := os.Rename(filepath.Dir(program), filepath.Join(installed, "bin")); err != nil {
		t.Fatal(err)
	}
	r, _, err = findRunner(t.Context(), installed, false, DefaultImage)
	if want := filepath.Join(installed, "bin", "wstest"); err != nil || r.String() != want {
		t.Errorf("path of an installation: %v, error %v; want %s", r, err, want)
	}

	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, _, err := findRunner(t.Context(), path, false, DefaultImage); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s without a wstest: error %v, want os.ErrNotExist", path, err)
		}
	}
}

func TestDockerArgs(t *testing.T) {
	server := job{mode: modeServer, specDir: "/tmp/wscheck-1", outDir: "/home/x/reports", port: 9001}
	client := job{mode: modeClient, specDir: "/tmp/wscheck-1", outDir: "/home/x/reports"}
	const common = "run --rm --init --name wscheck-1 -v /tmp/wscheck-1:/config:ro,z " +
		"-v /home/x/reports:/reports:z -e PYTHONUNBUFFERED=1 "
	tests := []struct {
		goos string
		job  job
		want string
	}{
		{"linux", server, common + "-p 127.0.0.1:9001:9001 " +
			"image:1 wstest -m fuzzingserver -u 0 -s /config/spec.json"},
		{"linux", client, common + "--network host " +
			"image:1 wstest -m fuzzingclient -u 0 -s /config/spec.json"},
		{"darwin", client, common + "--add-host host.docker.internal:host-gateway " +
			"image:1 wstest -m fuzzingclient -u 0 -s /config/spec.json"},
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
	j := job{mode: modeServer, specDir: "/tmp/s", outDir: "/tmp/o"}
	cmd := (&local{path: "/bin/wstest"}).command(t.Context(), j)
	want := "/bin/wstest -m fuzzingserver -u 0 -s /tmp/s/spec.json"
	if got := filepath.ToSlash(strings.Join(cmd.Args, " ")); got != want {
		t.Errorf("command %s, want %s", got, want)
	}
	want = "PYTHONPATH=/tmp/s" + string(os.PathListSeparator) + "/before"
	if !slices.Contains(cmd.Env, want) {
		t.Errorf("the environment lacks %s", want)
	}
}

// The end of a context ends a wstest and the shell script that has started it.
func TestCommandEndsTheGroup(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no process groups")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	program := fakeWstestPath(t, "hangs")
	text := "#!/bin/sh\n" + shellQuote(program) + " \"$@\"\necho the script continued\n"
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
	c, err := start((&local{path: script}).command(ctx, j), filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	waitForFile(t, filepath.Join(dir, "hanging"))
	cancel()
	if err := c.wait(); err == nil {
		t.Error("the script ended with status 0")
	}
	waitForFile(t, filepath.Join(dir, "ended"))
}
