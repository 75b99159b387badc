package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/process"
)

// buildBound is what the compiling of one package may take, with all that it imports.
const buildBound = 10 * time.Minute

// buildAll compiles the packages of the targets into dir, each once, as go test -fuzz
// does for every target anew. On a new machine that takes minutes, so it comes before
// the time is shared out, and it is told. What does not compile is noted in its targets.
func buildAll(ctx context.Context, targets []target, dir string, fresh bool, log io.Writer) error {
	env, err := goCommand(ctx, "env", "GOCACHE")
	if err != nil {
		return err
	}
	cache := strings.TrimSpace(string(env))
	if fresh {
		cache = dir
	}
	for i := range targets {
		t := &targets[i]
		if i > 0 && targets[i-1].dir == t.dir {
			t.binary, t.cache, t.fault = targets[i-1].binary, targets[i-1].cache, targets[i-1].fault
			continue
		}
		fmt.Fprintf(log, "compiling %s\n", t.Package)
		t.binary = filepath.Join(dir, fmt.Sprintf("%d.test.exe", i)) // a name for every system
		// Where go test keeps what it has found, so that both go on with it.
		t.cache = filepath.Join(cache, "fuzz", filepath.FromSlash(t.path))
		t.fault = t.build(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// build compiles the target's package and returns what is wrong with it, or "".
func (t *target) build(ctx context.Context) (fault string) {
	limited, cancel := context.WithTimeout(ctx, buildBound)
	defer cancel()
	cmd := exec.CommandContext(limited, "go", "test", "-c", "-fuzz", ".", "-o", t.binary, ".")
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "PWD="+t.dir)
	process.Group(cmd)
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return ""
}
