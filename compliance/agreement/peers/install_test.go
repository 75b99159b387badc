package peers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestInstallOnce installs a kit whose build fails first. A build that failed is done
// again, one that succeeded is not, unless what was installed is not what the pins say.
func TestInstallOnce(t *testing.T) {
	builds, failure := 0, errors.New("no network")
	k := kit{dir: "node", pins: "package-lock.json", build: func(_ context.Context, dir, _ string) error {
		builds++
		if _, err := os.Stat(filepath.Join(dir, "ws.js")); err != nil {
			t.Errorf("build %d: the program is not there: %v", builds, err)
		}
		return failure
	}}
	env := &Env{Cache: t.TempDir()}
	want := func(what string, err error, total int, installed bool) {
		t.Helper()
		if got := k.install(t.Context(), env); !errors.Is(got, err) {
			t.Errorf("%s: %v, want %v", what, got, err)
		}
		if builds != total || k.installed(env) != installed {
			t.Errorf("%s: %d builds, installed %v; want %d and %v", what, builds, k.installed(env), total, installed)
		}
	}
	want("a build that fails", failure, 1, false)
	failure = nil
	want("the next one", nil, 2, true)
	want("one more", nil, 2, true)
	if err := os.WriteFile(k.stamp(env), []byte("another version"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("after a version has changed", nil, 3, true)
	failure = errors.New("no space")
	if err := os.WriteFile(k.stamp(env), []byte("another version"), 0o644); err != nil {
		t.Fatal(err)
	}
	want("a build that fails later", failure, 4, false)
	if _, err := os.Stat(k.stamp(env)); err == nil {
		t.Error("the other version passes for installed, though the build has failed")
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
	for _, p := range All() {
		one := []string{"ws", "websockets", "tungstenite", "netty", "gorilla"}
		if slices.Contains(one, p.Name) && !p.Installed(env) {
			t.Errorf("%s is not installed", p.Name)
		}
	}
}
