package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A target is a fuzz target. Package is its directory, relative to the current one, in a form that
// go test accepts.
type target struct {
	Package string `json:"package"`
	Target  string `json:"target"`

	dir, path string // the package's directory and import path
	binary    string // the package's test binary
	cache     string // the package's corpora
	fault     string // the compilation error, if any
}

// discover lists the fuzz targets whose names match, in the packages that patterns select. Without
// patterns it searches the workspace, or the module if there is no workspace.
func discover(ctx context.Context, patterns []string, match *regexp.Regexp) (targets []target, err error) {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
		work, err := goCommand(ctx, "env", "GOWORK")
		if err != nil {
			return nil, err
		}
		if name := strings.TrimSpace(string(work)); name != "" && name != "off" {
			patterns = []string{"work"}
		}
	}
	args := append([]string{"list", "-json=Dir,ImportPath,TestGoFiles,XTestGoFiles"}, patterns...)
	list, err := goCommand(ctx, args...)
	if err != nil {
		return nil, err
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for packages := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct {
			Dir, ImportPath           string
			TestGoFiles, XTestGoFiles []string
		}
		if err := packages.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		name := p.Dir
		if rel, err := filepath.Rel(here, p.Dir); err == nil && rel == "." {
			name = rel
		} else if err == nil && !strings.HasPrefix(rel, "..") {
			name = "./" + filepath.ToSlash(rel)
		}
		for _, file := range append(p.TestGoFiles, p.XTestGoFiles...) {
			names, err := targetsOf(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				if match.MatchString(n) {
					t := target{Package: name, Target: n, dir: p.Dir, path: p.ImportPath}
					targets = append(targets, t)
				}
			}
		}
	}
	sort.SliceStable(targets, func(i, j int) bool {
		a, b := targets[i], targets[j]
		return a.Package < b.Package || a.Package == b.Package && a.Target < b.Target
	})
	return targets, nil
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, exit.Stderr)
	}
	return out, err
}

// targetsOf returns the names of the fuzz targets in a file.
func targetsOf(file string) (names []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && isTarget(fn) {
			names = append(names, fn.Name.Name)
		}
	}
	return names, nil
}

// isTarget reports whether fn is named FuzzXxx. go vet checks its parameters.
func isTarget(fn *ast.FuncDecl) bool {
	rest, ok := strings.CutPrefix(fn.Name.Name, "Fuzz")
	r, _ := utf8.DecodeRuneInString(rest)
	return ok && !unicode.IsLower(r)
}
