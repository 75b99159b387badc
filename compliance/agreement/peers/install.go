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

// files are the programs in other languages, and the files that pin the versions of their
// dependencies.
//
//go:embed files
var files embed.FS

// DefaultCache returns the default directory for installed peers, which is hawser/peers in
// the user's cache directory.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "hawser", "peers"), nil
}

// A kit is an installation for one or more peers. It has the files in dir, and what build
// makes of them in the same directory of the cache.
type kit struct {
	dir    string
	pins   string // the file or directory in dir whose changes require a new build
	part   string // the directory in dir that build fills; "" for dir itself
	build  func(ctx context.Context, dir, part string) error
	always bool // build does nothing if nothing has changed
}

// home returns the directory in which the kit is installed.
func (k kit) home(env *Env) string { return filepath.Join(env.Cache, k.dir) }

// stamp returns the file with the checksum of the installed pins.
func (k kit) stamp(env *Env) string { return filepath.Join(k.home(env), k.part, "installed") }

// installed reports whether the kit is installed with its current pins.
func (k kit) installed(env *Env) bool {
	had, err := os.ReadFile(k.stamp(env))
	return err == nil && bytes.Equal(had, k.sum())
}

// sum returns a checksum of the pins.
func (k kit) sum() []byte {
	h := sha256.New()
	root := path.Join("files", k.dir, k.pins)
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
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

// install updates the files of the kit, and builds the kit unless it is installed.
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
	_ = os.Remove(k.stamp(env)) // after a build that fails there must be no stamp
	if err := k.build(ctx, k.home(env), k.part); err != nil {
		return err
	}
	return os.WriteFile(k.stamp(env), k.sum(), 0o644)
}

// place copies the embedded files of a kit to dir.
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
			return nil // cargo builds again if the time of a file changes
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// pinned returns the version after a text in a file.
func pinned(file, after string) string {
	data, err := files.ReadFile("files/" + file)
	_, rest, found := strings.Cut(string(data), after)
	end := strings.IndexAny(rest, "\"<\n")
	if err != nil || !found || end <= 0 {
		panic("BUG: no version in " + file + " after " + after)
	}
	return rest[:end]
}

// find returns the path of the first of these programs that is on PATH.
func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of these programs is on PATH: %s", strings.Join(names, ", "))
}
