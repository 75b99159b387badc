package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// decoded is a report decoded from JSON.
type decoded struct {
	Score                  float64
	All                    tally
	Kinds                  map[string]tally
	Equivalent, NotCovered int
	NoBuild, Timeouts      int
	Stale                  []string
	Mutants                []mutant
	Package                string
}

func tryTiny(t *testing.T, want int, args ...string) (stdout string) {
	t.Helper()
	var out, log bytes.Buffer
	args = append(args, "-known", "testdata/tiny/known.txt", "testdata/tiny")
	if got := command(t.Context(), args, &out, &log); got != want {
		t.Fatalf("status %d, want %d\n%s%s", got, want, &log, &out)
	}
	return out.String()
}

func TestTrial(t *testing.T) {
	var r decoded
	if err := json.Unmarshal([]byte(tryTiny(t, 1, "-json", "-min", "10")), &r); err != nil {
		t.Fatal(err)
	}
	got := map[string]outcome{}
	by := map[string]string{}
	for _, m := range r.Mutants {
		got[m.Func+"; "+m.Change] = m.Outcome
		by[m.Func+"; "+m.Change] = m.By
	}
	want := map[string]outcome{
		"; 100 becomes 101":                      survived,
		"; 100 becomes 99":                       noticed,
		"Check; n > 10: > becomes <=":            noticed,
		"Check; n > 10: > becomes >=":            survived,
		"Check; 10 becomes 11":                   survived,
		"Check; if n > 10: never taken":          noticed,
		"Check; if n > 10: always taken":         noticed,
		"Check; return: nil instead of errSize":  noticed,
		"Both; a && b: && becomes ||":            noticed,
		"Untested; n * 2: * becomes /":           notCovered,
		"Untested; 2 becomes 3":                  notCovered,
		"Down; removed: n -= 1":                  noticed,
		"Down; removed: steps++":                 noticed,
		"Keep; removed: last = v":                noBuild,
		"Safe; recover() != nil: != becomes ==":  noticed,
		"Safe; if recover() != nil: never taken": noticed,
		"Safe; removed: err = errSize":           noticed,
		"Safe; removed: f()":                     noticed,
		"Count; len(all) + 0: + becomes -":       survived,
		"Count; 0 becomes 1":                     noticed,
		"list.first; 0 becomes 1":                noticed,
	}
	others := cmpopts.IgnoreMapEntries(func(change string, _ outcome) bool { return want[change] == "" })
	if diff := cmp.Diff(want, got, others); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if by["Down; removed: n -= 1"] != timedOut || by["Both; a && b: && becomes ||"] != "TestBoth" {
		t.Errorf("faults were noticed by %v", by)
	}
	if r.All.Survived != 3 || r.Equivalent != 1 || r.NotCovered != 2 || r.NoBuild != 1 || r.Timeouts == 0 {
		t.Errorf("%d survived, %d equivalent, %d not covered, %d do not compile, %d timeouts",
			r.All.Survived, r.Equivalent, r.NotCovered, r.NoBuild, r.Timeouts)
	}
	score := 100 * float64(r.All.Noticed) / float64(r.All.Noticed+r.All.Survived)
	if r.Score != score || r.Kinds["boundary"] == (tally{}) {
		t.Errorf("score %v, want %v; kinds %v", r.Score, score, r.Kinds)
	}
	if len(r.Stale) != 2 || !strings.Contains(r.Stale[0], "no such fault") ||
		!strings.Contains(r.Stale[1], "noticed") {
		t.Errorf("stale entries: %q", r.Stale)
	}
}

func TestSampleAndText(t *testing.T) {
	out := tryTiny(t, 0, "-sample", "3", "-seed", "4", "-propose")
	if !strings.Contains(out, "score") || strings.Contains(out, "stale") {
		t.Errorf("report of a sample:\n%s", out)
	}
	a := tryTiny(t, 0, "-sample", "5", "-list")
	b := tryTiny(t, 0, "-sample", "5", "-list")
	c := tryTiny(t, 0, "-sample", "5", "-list", "-seed", "2")
	if a != b || a == c || strings.Count(a, "\n") != 10 {
		t.Errorf("samples with seeds 1, 1 and 2:\n%s\n%s\n%s", a, b, c)
	}
	if all := tryTiny(t, 0, "-run", "^none", "-list"); all != "" {
		t.Errorf("faults without a file:\n%s", all)
	}
}

// TestInterrupt: after an interrupt there is no partial report.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log bytes.Buffer
	got := command(ctx, []string{"testdata/tiny"}, &out, &log)
	if got != 2 || out.Len() > 0 || !strings.Contains(log.String(), "interrupted") {
		t.Errorf("status %d, stdout %q, stderr %q", got, &out, &log)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-parallel", "0", "x"}, {"-timeout", "1", "x"}, {"-run", "(", "x"}, {"testdata"},
	} {
		if got := command(t.Context(), args, io.Discard, io.Discard); got != 2 {
			t.Errorf("%q: status %d, want 2", args, got)
		}
	}
}

// TestChildrenEnd: a test that hangs is killed after its timeout, together with the process that it
// started.
func TestChildrenEnd(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("set HAWSER_FULL=1 to run this test, which waits for a timeout")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	t.Setenv("TINY_HANG", ln.Addr().String())
	tr := &tester{path: "example.org/tiny", dir: "testdata/tiny"}
	dir := t.TempDir()
	bin := tr.binary(dir, "plain")
	if err := tr.build(t.Context(), bin, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan verdict, 1)
	go func() {
		l := limits{timeout: 20 * time.Second, mib: 4096, temp: dir}
		ended <- tr.run(ctx, bin, []string{"TestHang"}, 0, l)
	}()
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if v := <-ended; v.ok || v.by != timedOut {
		t.Errorf("verdict %+v", v)
	}
	c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the child is still running: %v", err)
	}
}

// TestKnownFile: each entry of testdata/known names a fault in the source and has a reason.
func TestKnownFile(t *testing.T) {
	for _, bad := range []string{
		"a.go F\ncode: x\nchange: y\n",
		"a.go F\nwhat: x\n",
		"a.go F\ncode: x\n\nb.go G\ncode: x\nchange: y\nwhy: z",
	} {
		if _, err := parseKnown("k", bad); err == nil {
			t.Errorf("parseKnown(%q): no error", bad)
		}
	}
	files, err := knownFiles.ReadDir("testdata/known")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := knownFiles.ReadFile("testdata/known/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		entries, err := parseKnown(f.Name(), string(data))
		if err != nil {
			t.Error(err)
		}
		target, err := load(t.Context(), "../../"+strings.TrimSuffix(f.Name(), ".txt"))
		if err != nil {
			t.Fatal(err)
		}
		mark(find(target, regexp.MustCompile("")), entries)
		var keys []string
		for _, k := range entries {
			if !k.met {
				t.Errorf("%s:%d: %s: no such fault in the source", f.Name(), k.line, k.Change)
			}
			if slices.Contains(keys, k.key()) {
				t.Errorf("%s:%d: repeated entry", f.Name(), k.line)
			}
			keys = append(keys, k.key())
		}
	}
}

// TestStale: an entry is stale if a test noticed its fault, but not if the run timed out.
func TestStale(t *testing.T) {
	for _, row := range []struct {
		m    mutant
		want int
	}{
		{mutant{Known: "why", Outcome: survived}, 0},
		{mutant{Known: "why", Outcome: noticed, By: "TestX"}, 1},
		{mutant{Known: "why", Outcome: noticed, By: timedOut}, 0},
		{mutant{Known: "why", Outcome: noBuild}, 1},
		{mutant{Outcome: noticed, By: "TestX"}, 0},
	} {
		if got := stale([]*mutant{&row.m}, nil, true); len(got) != row.want {
			t.Errorf("%s by %s: stale entries %q, want %d", row.m.Outcome, row.m.By, got, row.want)
		}
	}
}
