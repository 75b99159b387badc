package main

import (
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
)

//go:embed fastwebsockets
var fastwebsockets embed.FS

// buildFastwebsockets builds an echo server with fastwebsockets, a library in Rust, in dir.
func buildFastwebsockets(dir string, status io.Writer) (*candidate, error) {
	cargo, err := exec.LookPath("cargo")
	if err != nil {
		return nil, fmt.Errorf("-fastwebsockets: %w", err)
	}
	if err := os.CopyFS(dir, fastwebsockets); err != nil {
		return nil, err
	}
	fmt.Fprintln(status, "building fastwebsockets")
	cmd := exec.Command(cargo, "build", "--release", "--quiet")
	cmd.Dir = filepath.Join(dir, "fastwebsockets")
	cmd.Stdout, cmd.Stderr = status, status
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("-fastwebsockets: cargo build: %w", err)
	}
	return &candidate{
		name:    "fastwebsockets",
		command: "'" + filepath.Join(cmd.Dir, "target", "release", "echo") + "'",
		can:     echo.Echo | echo.Fragments | echo.HTTP,
		running: map[echo.Options]*server{},
	}, nil
}
