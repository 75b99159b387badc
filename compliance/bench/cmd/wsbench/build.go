package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
)

// fastwebsockets is an echo server in Rust.
//
//go:embed fastwebsockets
var fastwebsockets embed.FS

const fastwebsocketsVersion = "0.10.0"

// buildFastwebsockets builds the server with fastwebsockets in dir.
func buildFastwebsockets(ctx context.Context, dir string, status io.Writer) (*candidate, error) {
	if err := os.CopyFS(dir, fastwebsockets); err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "fastwebsockets")
	if err := buildIn(ctx, dir, status, "cargo", "build", "--release", "--quiet"); err != nil {
		return nil, fmt.Errorf("-fastwebsockets: %w", err)
	}
	c := newCommand("fastwebsockets", "'"+filepath.Join(dir, "target", "release", "echo")+"'")
	c.version, c.can = fastwebsocketsVersion, echo.Echo|echo.Fragments|echo.HTTP
	return c, nil
}

// buildGobwas builds the server gobwas with another version of the library in dir.
func buildGobwas(ctx context.Context, dir, version string, status io.Writer) (*candidate, error) {
	dir = filepath.Join(dir, "gobwas")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	for name, text := range echo.GobwasProgram(version) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", "echo"}} {
		if err := buildIn(ctx, dir, status, "go", args...); err != nil {
			return nil, fmt.Errorf("-gobwas: %w", err)
		}
	}
	c := newCommand("gobwas-"+version, "'"+filepath.Join(dir, "echo")+"'")
	c.can = echo.Echo | echo.Fragments | echo.Bare
	return c, nil
}

// buildIn runs a command in dir, outside of the workspace.
func buildIn(ctx context.Context, dir string, status io.Writer, name string, args ...string) error {
	fmt.Fprintln(status, "building in", dir)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = status, status
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, args[0], err)
	}
	return nil
}
