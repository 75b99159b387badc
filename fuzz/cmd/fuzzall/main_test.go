package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const source = `package planted

import (
	"io"
	"net"
	"os"
	"slices"
	"testing"
)

func FuzzGood(f *testing.F) {
	f.Add([]byte("seed"))
	f.Fuzz(func(t *testing.T, b []byte) {})
}

func FuzzCrash(f *testing.F) {
	f.Add([]byte("seed"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 5 {
			t.Fatal("planted")
		}
	})
}

// FuzzHang hangs in its worker, before the limit of ten seconds for an input begins. It keeps a
// connection to the test open. When the connection ends, the test knows that the process has ended.
func FuzzHang(f *testing.F) {
	if slices.Contains(os.Args, "-test.fuzzworker") {
		c, err := net.Dial("tcp", os.Getenv("PLANTED_HANG"))
		if err != nil {
			f.Fatal(err)
		}
		io.Copy(io.Discard, c)
	}
	f.Add([]byte("seed"))
	f.Fuzz(func(t *testing.T, b []byte) {})
}

func FuzzSeed(f *testing.F) {
	f.Add([]byte("seed"))
	f.Fuzz(func(t *testing.T, b []byte) { t.Error("planted") })
}

func Fuzzy() {} // not a target
`

// plant makes a module with targets that pass, crash and hang, and changes to its directory.
func plant(t *testing.T) string {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("GOWORK", "off")
	files := map[string]string{"go.mod": "module planted\n\ngo 1.25\n", "planted_test.go": source}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fuzz(t *testing.T, args ...string) (out string, results []result, err error) {
	var b, progress strings.Builder
	args = append([]string{"-parallel=1", "-out=table.json"}, args...)
	err = fuzzall(context.Background(), args, &b, &progress)
	t.Logf("%s%s%v", progress.String(), b.String(), err)
	if log := progress.String(); !strings.HasPrefix(log, "compiling .\ntarget 1 of ") ||
		strings.Count(log, "compiling") != 1 {
		t.Errorf("progress: %q", log)
	}
	table, readErr := os.ReadFile("table.json")
	if readErr != nil {
		t.Fatal(readErr)
	}
	if err := json.Unmarshal(table, &results); err != nil {
		t.Fatal(err)
	}
	return b.String(), results, err
}

func TestGood(t *testing.T) {
	plant(t)
	out, results, err := fuzz(t, "-count=200", "-run=Good")
	if err != nil || len(results) != 1 || !strings.HasPrefix(out, "ok ") {
		t.Fatalf("error %v, results %+v", err, results)
	}
	if r := results[0]; r.Result != passed || r.Executions < 200 || r.PerSecond <= 0 || r.Package != "." {
		t.Errorf("%+v", r)
	}
}

// TestCrash: a crasher fails the run. The other targets run too, and the output names the file.
func TestCrash(t *testing.T) {
	dir := plant(t)
	out, results, err := fuzz(t, "-count=20000", "-run=Crash|Good")
	if err == nil || !strings.Contains(err.Error(), "1 of 2 targets failed") || len(results) != 2 {
		t.Fatalf("error %v, results %+v", err, results)
	}
	r := results[0]
	if r.Result != crashed || !strings.Contains(r.Crasher, "testdata/fuzz/FuzzCrash/") ||
		results[1].Result != passed {
		t.Fatalf("%+v", results)
	}
	if _, err := os.Stat(filepath.Join(dir, r.Crasher)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out, r.Crasher) || !strings.Contains(out, "planted") {
		t.Error("the crasher is not in the output")
	}
	if table := markdown(results); !strings.Contains(table, r.Crasher) {
		t.Error("the crasher is not in the table")
	}
}

// TestKept: new inputs are kept where go test -fuzz looks for them, but not with -fresh.
func TestKept(t *testing.T) {
	dir := plant(t)
	source := `package planted

import "testing"

func FuzzDeep(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1 && b[0] > 99 {
			t.Log(b)
		}
	})
}
`
	if err := os.WriteFile("deep_test.go", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	// An unused module path has no corpus yet.
	module := "planted" + strconv.Itoa(os.Getpid())
	mod := "module " + module + "\n\ngo 1.25\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600); err != nil {
		t.Fatal(err)
	}
	cache, err := goCommand(t.Context(), "env", "GOCACHE")
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(strings.TrimSpace(string(cache)), "fuzz", module)
	t.Cleanup(func() { os.RemoveAll(kept) })
	deep := func(flags ...string) {
		_, results, err := fuzz(t, append(flags, "-count=5000", "-run=Deep")...)
		if err != nil || len(results) != 1 || results[0].Interesting == 0 {
			t.Fatalf("error %v, results %+v", err, results)
		}
	}
	deep("-fresh")
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Error("-fresh kept a corpus:", err)
	}
	deep()
	if files, err := os.ReadDir(filepath.Join(kept, "FuzzDeep")); err != nil || len(files) == 0 {
		t.Errorf("the corpus has %d files: %v", len(files), err)
	}
}

// TestSeed: a seed that fails is not a crasher, since there is no file to name.
func TestSeed(t *testing.T) {
	plant(t)
	_, results, err := fuzz(t, "-count=10", "-run=Seed")
	if err == nil || len(results) != 1 || results[0].Result != broken || results[0].Crasher != "" {
		t.Fatalf("error %v, results %+v", err, results)
	}
}

// full skips a slow test unless HAWSER_FULL is set.
func full(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("set HAWSER_FULL=1 to run this test, which is slow")
	}
}

// TestHang: a target that hangs is killed together with its workers, in bounded time.
func TestHang(t *testing.T) {
	full(t)
	plant(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	t.Setenv("PLANTED_HANG", ln.Addr().String())
	_, results, err := fuzz(t, "-count=10", "-bound=20s", "-run=Hang")
	if err == nil || len(results) != 1 || results[0].Result != hung {
		t.Fatalf("error %v, results %+v", err, results)
	}
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	worker, err := ln.Accept() // the connection waits in the listener's queue
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	worker.SetReadDeadline(time.Now().Add(time.Minute)) // the machine may be busy
	if _, err := worker.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("the worker is still running: %v", err)
	}
}

func TestBroken(t *testing.T) {
	plant(t)
	source := "package planted\n\nvar _ = undefined\n"
	if err := os.WriteFile("broken_test.go", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, results, err := fuzz(t, "-count=10", "-run=Good")
	if err == nil || len(results) != 1 || results[0].Result != broken || !strings.Contains(out, "undefined") {
		t.Fatalf("error %v, results %+v", err, results)
	}
}

// TestDiscover: real targets are found, and functions that only look like targets are not.
func TestDiscover(t *testing.T) {
	find := func() (names []string) {
		targets, err := discover(t.Context(), nil, regexp.MustCompile("^FuzzHeader$|Good|Fuzzy"))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range targets {
			names = append(names, x.Package+" "+x.Target)
		}
		return names
	}
	t.Run("here", func(t *testing.T) {
		t.Chdir("../..")
		t.Setenv("GOWORK", "off")
		if got := find(); len(got) != 1 || !strings.HasSuffix(got[0], " FuzzHeader") {
			t.Errorf("%q", got)
		}
	})
	plant(t)
	if got := find(); len(got) != 1 || !strings.HasSuffix(got[0], " FuzzGood") {
		t.Errorf("%q", got)
	}
}

func TestList(t *testing.T) {
	plant(t)
	var b strings.Builder
	if err := fuzzall(t.Context(), []string{"-list", "-json"}, &b, io.Discard); err != nil {
		t.Fatal(err)
	}
	var got []map[string]string
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	for _, name := range []string{"FuzzCrash", "FuzzGood", "FuzzHang", "FuzzSeed"} {
		want = append(want, map[string]string{"package": ".", "target": name})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

// TestMoreSeedsThanTime: a target that has no time left after its seeds still runs some inputs.
func TestMoreSeedsThanTime(t *testing.T) {
	full(t)
	plant(t)
	source := `package planted

import (
	"testing"
	"time"
)

func FuzzSlow(f *testing.F) {
	for i := range 200 {
		f.Add(i)
	}
	f.Fuzz(func(t *testing.T, i int) { time.Sleep(10 * time.Millisecond) })
}
`
	if err := os.WriteFile("slow_test.go", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"-time=1s", "-count=200"} {
		_, results, err := fuzz(t, flag, "-run=Slow")
		if err != nil || len(results) != 1 || results[0].Result != passed || results[0].Executions <= 200 {
			t.Errorf("%s: error %v, results %+v", flag, err, results)
		}
	}
}

// TestBudget: the shares do not exceed the total time.
func TestBudget(t *testing.T) {
	o, err := parse([]string{"-total=100s"})
	if err != nil {
		t.Fatal(err)
	}
	b := budget{options: &o, deadline: time.Now().Add(o.total), overhead: 2 * time.Second}
	fuzztime, bound := b.next(10)
	d, err := time.ParseDuration(fuzztime)
	if err != nil || d < 7*time.Second || d > 8*time.Second || bound != d+o.bound {
		t.Errorf("first of ten targets: fuzztime %s, bound %v, %v", fuzztime, bound, err)
	}
	b.spent(b.given + 4*time.Second) // leaves the next target less time
	if b.next(10); b.given < 5*time.Second || b.given > 6*time.Second {
		t.Errorf("after a target that took 4s longer: %v", b.given)
	}
	for _, bad := range [][]string{
		{"-time=1s", "-count=1"}, {"-total=0s"}, {"-parallel=0"}, {"-run=("}, {"-count=-1"},
	} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

// TestLate: the regular expression matches testing's report of a time that ran out, and no report of
// a failure.
func TestLate(t *testing.T) {
	const before = "fuzz: elapsed: 3s, execs: 5 (1/sec), new interesting: 0 (total: 2)\n" +
		"--- FAIL: FuzzX (3.02s)\n"
	const after = "FAIL\nexit status 1"
	for text, want := range map[string]bool{
		"    context deadline exceeded\n":                                        true,
		"    x_test.go:3: context deadline exceeded\n":                           false,
		"    fuzzing process hung or terminated unexpectedly: exit status 2\n":   false,
		"    context deadline exceeded\n    --- FAIL: FuzzX/seed#0 (0.00s)\n":    false,
		"    --- FAIL: FuzzX (0.00s)\n        x_test.go:3: planted\n    \n":      false,
		"    --- FAIL: FuzzX (0.00s)\n        context deadline exceeded\n    \n": false,
	} {
		if got := late.MatchString(before + text + after); got != want {
			t.Errorf("late matches %q: %t, want %t", text, got, want)
		}
	}
}
