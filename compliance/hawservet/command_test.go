package hawservet_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// planted is a program with one fault for each rule, on the lines with a comment.
const planted = `package main

import (
	"context"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

var kept [][]byte

func serve(w http.ResponseWriter, r *http.Request) {
	ctx := context.Background()
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureAnyOrigin: true, // insecure
	})
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.Text, nil) // droppederr
	go func() {
		for m := range c.Messages(ctx) {
			kept = append(kept, m.Data) // keptpayload
		}
	}()
	_, _, _ = c.Read(ctx) // tworeaders
	mw, _ := c.Writer(ctx, websocket.Text)
	_ = c.Write(ctx, websocket.Text, nil) // openwriter
	_ = mw.Close()
}

func push(ctx context.Context, c *websocket.Conn) error { // neverread
	for range time.Tick(time.Second) {
		if err := c.Write(ctx, websocket.Text, nil); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	c, _, err := websocket.Dial(context.Background(), "ws://localhost", nil) // lostconn
	if err == nil {
		_ = c.Write(context.Background(), websocket.Text, nil)
	}
	http.Handle("/push", websocket.Handler{Serve: push})
	http.ListenAndServe("localhost:8080", http.HandlerFunc(serve))
}
`

// plant writes the program into a new module that uses this checkout.
func plant(t *testing.T) (dir string) {
	t.Helper()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	mod := fmt.Sprintf(`module example.com/planted

go 1.25

require (
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
)

replace (
	github.com/hawser-ws/hawser/websocket => %s
	github.com/hawser-ws/hawser/wire => %s
)
`, filepath.ToSlash(filepath.Join(top, "websocket")), filepath.ToSlash(filepath.Join(top, "wire")))
	for name, text := range map[string]string{"go.mod": mod, "main.go": planted} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a command in dir, for at most five minutes, and returns its output and whether it succeeded.
func run(t *testing.T, dir, name string, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out), err == nil
}

// The command reports each fault once and fails, alone and under go vet. Without the faults it succeeds.
func TestCommand(t *testing.T) {
	if raceEnabled {
		t.Skip("the programs that this test runs are built without the race detector")
	}
	tool := filepath.Join(t.TempDir(), "hawservet")
	if runtime.GOOS == "windows" {
		tool += ".exe"
	}
	if out, ok := run(t, ".", "go", "build", "-o", tool, "./cmd/hawservet"); !ok {
		t.Fatal(out)
	}
	dir := plant(t)
	for name, args := range map[string][]string{
		"alone":  {tool, "./..."},
		"go vet": {"go", "vet", "-vettool=" + tool, "./..."},
	} {
		out, ok := run(t, dir, args[0], args[1:]...)
		if ok {
			t.Errorf("%s: the command succeeded, want a failure", name)
		}
		want, got := make(map[int]int), make(map[int]int) // diagnostics by line
		for i, line := range strings.Split(planted, "\n") {
			if strings.Contains(line, " // ") {
				want[i+1] = 1
			}
			if n := strings.Count(out, fmt.Sprintf("main.go:%d:", i+1)); n > 0 {
				got[i+1] = n
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: diagnostics by line differ (-want +got):\n%s\n%s", name, diff, out)
		}
	}
	if out, _ := run(t, dir, tool, "-lostconn", "./..."); strings.Count(out, "main.go:") != 1 {
		t.Errorf("-lostconn: the output is %q, want one finding", out)
	}
	empty := []byte("package main\n\nfunc main() {}\n")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), empty, 0o666); err != nil {
		t.Fatal(err)
	}
	if out, ok := run(t, dir, tool, "./..."); !ok || out != "" {
		t.Errorf("without faults: the output is %q, want none", out)
	}
}
