package peers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestInstallOnce checks that a kit is built again after a failed build and after a change of
// the pins, but not after a successful build.
func TestInstallOnce(t *testing.T) {
	builds, failure := 0, errors.New("no network")
	k := kit{dir: "node", pins: "package-lock.json", build: func(_ context.Context, dir, _ string) error {
		builds++
		if _, err := os.Stat(filepath.Join(dir, "ws.js")); err != nil {
			t.Errorf("build %d: the program was not copied: %v", builds, err)
		}
		return failure
	}}
	env := &Env{Cache: t.TempDir()}
	want := func(what string, err error, total int, installed bool) {
		t.Helper()
		if got := k.install(t.Context(), env); !errors.Is(got, err) {
			t.Errorf("%s: error %v, want %v", what, got, err)
		}
		if builds != total || k.installed(env) != installed {
			t.Errorf("%s: %d builds, installed %v; want %d and %v",
				what, builds, k.installed(env), total, installed)
		}
	}
	want("build that fails", failure, 1, false)
	failure = nil
	want("build after a failure", nil, 2, true)
	want("install after a build", nil, 2, true)
	if err := os.WriteFile(k.stamp(env), []byte("another version"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("install after a change of the pins", nil, 3, true)
	failure = errors.New("no space")
	if err := os.WriteFile(k.stamp(env), []byte("another version"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("build that fails after a success", failure, 4, false)
	if _, err := os.Stat(k.stamp(env)); err == nil {
		t.Error("the stamp of the old version was not removed before the failed build")
	}
}

func TestInstalled(t *testing.T) {
	env := &Env{Cache: t.TempDir()}
	for _, p := range programs {
		if p.Installed(env) {
			t.Errorf("%s is installed in an empty directory", p.Name)
		}
	}
	for _, k := range []kit{nodeKit, pythonKit, rustKit, nettyKit} {
		if err := os.MkdirAll(filepath.Dir(k.stamp(env)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(k.stamp(env), k.sum(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	installed := []string{
		"ws", "faye", "undici", "websockets", "aiohttp", "tornado", "tungstenite", "tokio-websockets",
		"netty", "netty-setup", "netty-jdk", "gorilla",
	}
	for _, p := range slices.Concat(programs, []*Peer{gorilla}) {
		if got, want := p.Installed(env), slices.Contains(installed, p.Name); got != want {
			t.Errorf("%s: installed %v, want %v", p.Name, got, want)
		}
	}
}
