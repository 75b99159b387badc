package peers

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// files are the programs that are no Go, and what pins their versions.
//
//go:embed files
var files embed.FS

// The versions that are installed. tungstenite's is in files/tungstenite/Cargo.toml.
const (
	npmWSVersion        = "8.23.0"
	pyWebsocketsVersion = "17.4"
	tungsteniteVersion  = "0.30.0"
)

// DefaultCache is the directory for what is installed: hawser/peers in the user's
// cache directory.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "hawser", "peers"), nil
}

// place puts the embedded files of a peer into dir.
func place(peer, dir string) error {
	sub, err := fs.Sub(files, "files/"+peer)
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
		if had, err := os.ReadFile(target); err == nil && string(had) == string(data) {
			return nil // its time stays, for cargo
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// homes returns the directories in which a package may be installed: ours, and
// that of the module compliance/interop, which has the same ones in the same
// places.
func (e *Env) homes() []string {
	dirs := []string{e.Cache}
	if dir := os.Getenv("HAWSER_INTEROP_DIR"); dir != "" {
		return append(dirs, dir)
	}
	if dir, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(dir, "hawser", "interop"))
	}
	return dirs
}

// home returns the first of the homes in which a path that matches the pattern
// exists, or "" if there is none.
func (e *Env) home(pattern ...string) string {
	for _, dir := range e.homes() {
		if m, _ := filepath.Glob(filepath.Join(append([]string{dir}, pattern...)...)); len(m) > 0 {
			return dir
		}
	}
	return ""
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

// npmWS is the ws package of npm.
var npmWS = &Peer{
	Name:    "ws",
	Library: "npm ws",
	Version: npmWSVersion,
	Install: func(ctx context.Context, env *Env) (string, error) {
		if err := place("ws", filepath.Join(env.Cache, "ws")); err != nil {
			return "", err
		}
		if env.npmHome() != "" {
			return npmWSVersion, nil
		}
		dir := filepath.Join(env.Cache, "node")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		return npmWSVersion, runQuiet(ctx, dir, "npm", "install", "--prefix", dir, "--no-audit", "--no-fund",
			"--ignore-scripts", "ws@"+npmWSVersion)
	},
	Serve: npmWSProgram.serve,
	Drive: npmWSProgram.drive,
}

// npmHome returns the home in which ws has the right version.
func (e *Env) npmHome() string {
	for _, dir := range e.homes() {
		data, err := os.ReadFile(filepath.Join(dir, "node", "node_modules", "ws", "package.json"))
		if err != nil {
			continue
		}
		var about struct{ Version string }
		if json.Unmarshal(data, &about) == nil && about.Version == npmWSVersion {
			return dir
		}
	}
	return ""
}

var npmWSProgram program = func(env *Env) (string, []string) {
	return "node", []string{
		filepath.Join(env.Cache, "ws", "peer.js"),
		filepath.Join(env.npmHome(), "node", "node_modules", "ws"),
	}
}

// pyWebsockets is the websockets package of Python, in its asyncio form.
var pyWebsockets = &Peer{
	Name:    "websockets",
	Library: "python websockets",
	Version: pyWebsocketsVersion,
	Install: func(ctx context.Context, env *Env) (string, error) {
		if err := place("websockets", filepath.Join(env.Cache, "websockets")); err != nil {
			return "", err
		}
		if env.pythonHome() != "" {
			return pyWebsocketsVersion, nil
		}
		python, err := find("python3", "python")
		if err != nil {
			return "", err
		}
		if err := os.MkdirAll(env.Cache, 0o755); err != nil {
			return "", err
		}
		if err := runQuiet(ctx, env.Cache, python, "-m", "venv", "--clear", filepath.Join(env.Cache, "python")); err != nil {
			return "", err
		}
		return pyWebsocketsVersion, runQuiet(ctx, env.Cache, venvPython(env.Cache), "-m", "pip", "install",
			"--disable-pip-version-check", "websockets=="+pyWebsocketsVersion)
	},
	Serve: pyWebsocketsProgram.serve,
	Drive: pyWebsocketsProgram.drive,
}

// pythonHome returns the home in which websockets has the right version.
func (e *Env) pythonHome() string {
	return e.home("python", "lib", "*", "site-packages", "websockets-"+pyWebsocketsVersion+".dist-info")
}

var pyWebsocketsProgram program = func(env *Env) (string, []string) {
	return venvPython(env.pythonHome()), []string{"-u", filepath.Join(env.Cache, "websockets", "peer.py")}
}

func venvPython(home string) string {
	return filepath.Join(home, "python", "bin", "python")
}

// tungstenite is the Rust crate.
var tungstenite = &Peer{
	Name:    "tungstenite",
	Library: "rust tungstenite",
	Version: tungsteniteVersion,
	Note:    "has no permessage-deflate; after an error it drops TCP without a close frame",
	Install: func(ctx context.Context, env *Env) (string, error) {
		dir := filepath.Join(env.Cache, "tungstenite")
		if err := place("tungstenite", dir); err != nil {
			return "", err
		}
		// cargo itself knows whether there is anything to be done.
		err := runQuiet(ctx, dir, "cargo", "build", "--release", "--quiet")
		return tungsteniteVersion, err
	},
	Serve: tungsteniteProgram.serve,
	Drive: tungsteniteProgram.drive,
}

var tungsteniteProgram program = func(env *Env) (string, []string) {
	name := "peer"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(env.Cache, "tungstenite", "target", "release", name), nil
}
