package main

import (
	"context"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A target is the package in which faults are planted.
type target struct {
	dir     string // absolute
	pkg     *packages.Package
	sources []*source
	testers []*tester
}

// environment returns the environment of the commands that Mutation starts, without a workspace.
func environment(extra ...string) []string {
	return append(append(os.Environ(), "GOWORK=off"), extra...)
}

// load loads the package in dir and finds the packages that test it.
func load(ctx context.Context, dir string) (*target, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cfg := &packages.Config{
		Context: ctx, Dir: dir, Env: environment(), Mode: packages.LoadSyntax | packages.NeedModule,
	}
	pkgs, err := packages.Load(cfg, ".")
	if err != nil {
		return nil, err
	}
	if len(pkgs) != 1 || len(pkgs[0].Errors) > 0 {
		return nil, fmt.Errorf("%s: want one package without errors: %d packages, errors %v",
			dir, len(pkgs), pkgs[0].Errors)
	}
	t := &target{dir: dir, pkg: pkgs[0]}
	if t.pkg.Module == nil {
		return nil, fmt.Errorf("%s: not in a module", dir)
	}
	for _, f := range t.pkg.Syntax {
		tok := t.pkg.Fset.File(f.FileStart)
		data, err := os.ReadFile(tok.Name())
		if err != nil {
			return nil, err
		}
		t.sources = append(t.sources, &source{path: tok.Name(), data: data, file: f, tok: tok})
	}
	return t, t.findTesters(ctx)
}

// findTesters lists the packages of the module that have tests and import the target. The target itself
// comes first.
func (t *target) findTesters(ctx context.Context) error {
	cfg := &packages.Config{Context: ctx, Dir: t.pkg.Module.Dir, Env: environment(), Tests: true,
		Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedFiles |
			packages.NeedForTest}
	pkgs, err := packages.Load(cfg, "./...")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, p := range pkgs {
		path := p.ForTest
		if path == "" || seen[path] || !reaches(p, t.pkg.PkgPath, map[string]bool{}) {
			continue
		}
		seen[path] = true
		rel := strings.TrimPrefix(strings.TrimPrefix(path, t.pkg.Module.Path), "/")
		tr := &tester{path: path, dir: filepath.Join(t.pkg.Module.Dir, filepath.FromSlash(rel))}
		if path == t.pkg.PkgPath {
			t.testers = append([]*tester{tr}, t.testers...)
		} else {
			t.testers = append(t.testers, tr)
		}
	}
	if len(t.testers) == 0 {
		return fmt.Errorf("%s: no tests", t.pkg.PkgPath)
	}
	return nil
}

// reaches reports whether p is the package with the given path, with or without its tests, or imports
// it.
func reaches(p *packages.Package, path string, seen map[string]bool) bool {
	if p.PkgPath == path {
		return true
	}
	if seen[p.ID] {
		return false
	}
	seen[p.ID] = true
	for _, q := range p.Imports {
		if reaches(q, path, seen) {
			return true
		}
	}
	return false
}

// imports is an importer of the packages that the target imports, which are loaded already.
type imports map[string]*types.Package

func (t *target) imports() imports {
	m := imports{"unsafe": types.Unsafe}
	for _, p := range t.pkg.Types.Imports() {
		m[p.Path()] = p
	}
	return m
}

func (m imports) Import(path string) (*types.Package, error) {
	if p := m[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%s is not imported by the package", path)
}
