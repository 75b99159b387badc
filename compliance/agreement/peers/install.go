package peers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// files are the programs that are not in Go, and the files that pin the versions of
// what they need.
//
//go:embed files
var files embed.FS

// DefaultCache returns the directory for what is installed: hawser/peers in the user's
// cache directory.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "hawser", "peers"), nil
}

// A kit is an installation that one or more peers need: the files below dir, and what
// build makes of them in the same directory of the cache.
type kit struct {
	dir    string
	pins   string // the file, or directory, whose changes require a new build
	part   string // the directory below dir that build fills; "" for dir itself
	build  func(ctx context.Context, dir, part string) error
	always bool // build itself knows whether there is anything to do
}

// home is where the kit is installed.
func (k kit) home(env *Env) string { return filepath.Join(env.Cache, k.dir) }

// stamp is the file that holds the checksum of the pins that were installed.
func (k kit) stamp(env *Env) string { return filepath.Join(k.home(env), k.part, "installed") }

// installed reports whether what the pins say is installed.
func (k kit) installed(env *Env) bool {
	had, err := os.ReadFile(k.stamp(env))
	return err == nil && bytes.Equal(had, k.sum())
}

// sum returns a checksum of the pins.
func (k kit) sum() []byte {
	h := sha256.New()
	err := fs.WalkDir(files, path.Join("files", k.dir, k.pins), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(data), data)
		return err
	})
	if err != nil {
		panic("BUG: the pins of " + k.dir + ": " + err.Error())
	}
	return fmt.Appendf(nil, "%x\n", h.Sum(nil))
}

// install brings the programs up to date, and builds what is not there.
func (k kit) install(ctx context.Context, env *Env) error {
	if err := place(k.dir, k.home(env)); err != nil {
		return err
	}
	if k.installed(env) && !k.always {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(k.home(env), k.part), 0o755); err != nil {
		return err
	}
	_ = os.Remove(k.stamp(env)) // a build that fails leaves none
	if err := k.build(ctx, k.home(env), k.part); err != nil {
		return err
	}
	return os.WriteFile(k.stamp(env), k.sum(), 0o644)
}

// place puts the embedded files of a kit into dir.
func place(kit, dir string) error {
	sub, err := fs.Sub(files, "files/"+kit)
	if err != nil {
		return err
	}
	return fs.WalkDir(sub, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := fs.ReadFile(sub, name)
		if err != nil {
			return err
		}
		if had, err := os.ReadFile(target); err == nil && bytes.Equal(had, data) {
			return nil // its time stays, for cargo
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// pinned returns the version that follows a text in a file.
func pinned(file, after string) string {
	data, err := files.ReadFile("files/" + file)
	_, rest, found := strings.Cut(string(data), after)
	end := strings.IndexAny(rest, "\"<\n")
	if err != nil || !found || end <= 0 {
		panic("BUG: no version in " + file + " after " + after)
	}
	return rest[:end]
}

// find returns the first of these programs that is on PATH.
func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of these is on PATH: %s", strings.Join(names, ", "))
}
