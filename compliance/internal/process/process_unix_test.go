//go:build unix

package process

import (
	"context"
	"io"
	"os"
	"os/exec"
	"testing"
)

// startFamily starts a shell, with a child, after the shell has run setup. The output
// reaches EOF when both have ended.
func startFamily(t *testing.T, ctx context.Context, setup string) (cmd *exec.Cmd, output *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd = Command(ctx, "sh", "-c", setup+" sleep 600 & echo; wait; sleep 600")
	cmd.Stdout = w
	err = cmd.Start()
	w.Close() // the family has its own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Kill(cmd) })
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd, r
}

func TestGroupEnds(t *testing.T) {
	for name, end := range map[string]func(cancel func(), cmd *exec.Cmd) error{
		"context":   func(cancel func(), _ *exec.Cmd) error { cancel(); return nil },
		"kill":      func(_ func(), cmd *exec.Cmd) error { return Kill(cmd) },
		"terminate": func(_ func(), cmd *exec.Cmd) error { return Terminate(cmd) },
	} {
		t.Run(name, func(t *testing.T) {
			setup := "trap '' TERM;" // the child inherits it
			if name == "terminate" {
				setup = ""
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cmd, output := startFamily(t, ctx, setup)
			if err := end(cancel, cmd); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the shell ended by itself")
			}
			if _, err := io.Copy(io.Discard, output); err != nil { // waits for the child
				t.Error(err)
			}
		})
	}
}
