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

// buildBound limits the compilation of one package and its imports.
const buildBound = 10 * time.Minute

// buildAll compiles the test binary of each package into dir once, whereas go test -fuzz would link
// it again for every target. On a new machine this takes minutes, so it happens before the time is
// divided, and is logged. A compilation error is recorded in the targets of its package.
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
		t.binary = filepath.Join(dir, fmt.Sprintf("%d.test.exe", i)) // a valid name on every system
		// go test -fuzz keeps its corpus here too, so that each continues the work of the other.
		t.cache = filepath.Join(cache, "fuzz", filepath.FromSlash(t.path))
		t.fault = t.build(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// build compiles the test binary of the target's package. It returns the compiler's output if that
// fails, and "" if not.
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
