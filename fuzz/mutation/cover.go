package main

import (
	"context"
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A block is a basic block of the target, as in a coverage profile.
type block struct {
	file                                 string
	startLine, startCol, endLine, endCol int
}

// contains reports whether the position is in the block.
func (b block) contains(line, col int) bool {
	return (line > b.startLine || line == b.startLine && col >= b.startCol) &&
		(line < b.endLine || line == b.endLine && col <= b.endCol)
}

// size orders blocks that contain the same position: the innermost is the smallest.
func (b block) size() int { return (b.endLine-b.startLine)<<16 + b.endCol - b.startCol }

// measure lists the tests and runs each with coverage to find the blocks that it reaches. All of them
// must pass.
func (r *runner) measure(ctx context.Context) error {
	var all []*test
	for _, tr := range r.target.testers {
		bin := tr.binary(r.dir, "cover")
		flags := []string{"-cover", "-covermode=set", "-coverpkg=" + r.target.pkg.PkgPath}
		if err := tr.build(ctx, bin, "", flags...); err != nil {
			return err
		}
		if err := tr.list(ctx, bin); err != nil {
			return err
		}
		all = append(all, tr.tests...)
	}
	return each(ctx, r.workers, all, r.reach)
}

// reach measures the time and the coverage of a test.
func (r *runner) reach(ctx context.Context, t *test) error {
	profile, err := os.CreateTemp(r.dir, "profile")
	if err != nil {
		return err
	}
	profile.Close()
	defer os.Remove(profile.Name())
	l := limits{timeout: 5 * time.Minute, mib: r.mib, temp: r.temp}
	start := time.Now()
	bin := t.tester.binary(r.dir, "cover")
	v := t.tester.run(ctx, bin, []string{t.name}, 0, l, "-test.coverprofile="+profile.Name())
	t.time = time.Since(start)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !v.ok {
		return fmt.Errorf("%s of %s fails without a fault, with coverage (%s):\n%s",
			t.name, t.tester.path, v.by, v.output)
	}
	data, err := os.ReadFile(profile.Name())
	if err != nil {
		return err
	}
	t.blocks, err = reached(string(data), r.target.pkg.PkgPath, false)
	return err
}

// reached returns the blocks of a package in a profile: all of them, or those with a count above 0.
func reached(profile, pkg string, all bool) ([]block, error) {
	var blocks []block
	for i, line := range strings.Split(strings.TrimSpace(profile), "\n") {
		if i == 0 || !all && strings.HasSuffix(line, " 0") {
			continue // the line with the mode, or a count of 0
		}
		colon := strings.LastIndexByte(line, ':')
		if colon < 0 || path.Dir(line[:colon]) != pkg {
			continue
		}
		var n [6]int
		separator := func(c rune) bool { return c == '.' || c == ',' || c == ' ' }
		fields := strings.FieldsFunc(line[colon+1:], separator)
		if len(fields) != len(n) {
			return nil, fmt.Errorf("invalid line in a coverage profile: %q", line)
		}
		for i, f := range fields {
			var err error
			if n[i], err = strconv.Atoi(f); err != nil {
				return nil, err
			}
		}
		blocks = append(blocks, block{filepath.Base(line[:colon]), n[0], n[1], n[2], n[3]})
	}
	return blocks, nil
}

// A reacher finds the tests that reach a position in the target.
type reacher struct {
	all    []*test
	byFile map[string]map[block][]*test
}

func newReacher(testers []*tester) *reacher {
	r := &reacher{byFile: map[string]map[block][]*test{}}
	for _, tr := range testers {
		for _, t := range tr.tests {
			r.all = append(r.all, t)
			for _, b := range t.blocks {
				if r.byFile[b.file] == nil {
					r.byFile[b.file] = map[block][]*test{}
				}
				r.byFile[b.file][b] = append(r.byFile[b.file][b], t)
			}
		}
	}
	return r
}

// tests returns the tests that reach the fault's block, the fastest first. If no block contains the fault,
// as in the expressions of a case, it returns the tests that reach the function. known lists all blocks
// of the target.
func (r *reacher) tests(m *mutant, known []block) []*test {
	found := r.all
	if m.decl != nil {
		inner, ok := innermost(m, known)
		if ok {
			found = r.byFile[m.File][inner]
		} else {
			found = r.within(m.source, m.decl)
		}
	}
	found = slices.Clone(found)
	slices.SortStableFunc(found, func(a, b *test) int { return int(a.time - b.time) })
	return found
}

// innermost returns the smallest block that contains the fault.
func innermost(m *mutant, known []block) (best block, ok bool) {
	for _, b := range known {
		if b.file == m.File && b.contains(m.Line, m.Column) && (!ok || b.size() < best.size()) {
			best, ok = b, true
		}
	}
	return best, ok
}

// within returns the tests that reach any block of a function.
func (r *reacher) within(s *source, d *ast.FuncDecl) []*test {
	from, to := s.tok.Line(d.Pos()), s.tok.Line(d.End())
	seen := map[*test]bool{}
	var found []*test
	for b, tests := range r.byFile[s.base()] {
		if b.startLine < from || b.endLine > to {
			continue
		}
		for _, t := range tests {
			if !seen[t] {
				seen[t] = true
				found = append(found, t)
			}
		}
	}
	return found
}
