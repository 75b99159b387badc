package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// faultVar makes the test binary a server with a fault.
const faultVar = "WSBENCH_FAULT"

// TestMain makes the test binary the server that it starts.
func TestMain(m *testing.M) {
	if args := os.Getenv(serverVar); args != "" {
		if err := serve(args); err != nil {
			fmt.Fprintln(os.Stderr, args, err)
			os.Exit(1)
		}
		return
	}
	if fault := os.Getenv(faultVar); fault != "" {
		fmt.Fprintln(os.Stderr, serveFault(fault))
		os.Exit(1)
	}
	procs := runtime.GOMAXPROCS(0)
	code := m.Run()
	runtime.GOMAXPROCS(procs)
	os.Exit(code)
}

// faulty is the read of a connection that has the fault: the echo after the handshake and two echoes. A burst
// has at least three echoes of each connection, however slow the machine is.
const faulty = 3

// serveFault runs a raw server whose bytes go through a fault.
func serveFault(fault string) error {
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go echo.Serve("rawtcp", back, echo.Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("some text\nlistening on ws://" + ln.Addr().String() + "/")
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		up, err := net.Dial("tcp", back.Addr().String())
		if err != nil {
			return err
		}
		go io.Copy(up, nc)
		go func() {
			defer nc.Close()
			b := make([]byte, 1<<20)
			for reads := 0; ; reads++ {
				n, err := up.Read(b)
				if err != nil {
					return
				}
				if reads == faulty && fault == "dies" {
					os.Exit(1)
				}
				if reads == faulty && fault == "corrupts" {
					b[n-1] ^= 1
				}
				if _, err := nc.Write(b[:n]); err != nil {
					return
				}
			}
		}()
	}
}

// bench runs the command with flags, and returns its output.
func bench(t *testing.T, ctx context.Context, flags ...string) (out string, err error) {
	t.Helper()
	cfg, err := parse(flags, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = cfg.run(ctx, &b, t.Output())
	return b.String(), err
}

// A short run with rows of all kinds writes all files. No cell is empty.
func TestRun(t *testing.T) {
	names := []string{"125b", "1m", "pipelined", "text1k", "frag64", "connect", "bare", "deflate", "takeover"}
	dir := t.TempDir()
	flags := []string{"-time", "1ms", "-reps", "1", "-out", dir, "-rows", strings.Join(names, ","),
		"-servers", "rawtcp,klauspost,hawser,coder"}
	out, err := bench(t, t.Context(), flags...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "| 125 B, 100 connections | rawtcp, ") {
		t.Errorf("the output has no table:\n%s", out)
	}
	r := readReport(t, dir)
	if len(r.Rows) != len(names) {
		t.Errorf("the report has %d rows, want %d", len(r.Rows), len(names))
	}
	for _, row := range r.Rows {
		for name, c := range row.Cells {
			if len(c.P50) != 1 || len(c.Mallocs) != 1 || runtime.GOOS == "linux" && len(c.Values)*len(c.Calls) != 1 {
				t.Errorf("row %s, server %s: %+v", row.Name, name, c)
			}
		}
	}
	for _, name := range []string{"report.md", "chart.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func readReport(t *testing.T, dir string) *report.Report {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{}
	if err := json.Unmarshal(b, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Memory is measured with as many connections as a test may open.
func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is measured on Linux")
	}
	start := func(f func() error) error { return f() }
	for _, r := range rows() {
		if !r.memory {
			continue
		}
		r.conns = 100
		for _, s := range echo.Servers() {
			if s.Can&r.needs == 0 || s.Name != "rawtcp" && s.Name != "hawser" {
				continue
			}
			t.Run(r.name+"/"+s.Name, func(t *testing.T) {
				c := &candidate{name: s.Name}
				p, err := c.launch(r.options, start)
				if err != nil {
					t.Fatal(err)
				}
				defer p.stop()
				cell := &report.Cell{}
				if err := memory(p, &r, cell); err != nil {
					t.Fatal(err)
				}
				if len(cell.Values) != 1 || r.collect != (len(cell.Collected) == 1) {
					t.Errorf("got %+v", cell)
				}
			})
		}
	}
}

// A server of another program is measured like the others. If it answers wrongly or dies, that is an error, and
// the other servers are measured all the same.
func TestCommands(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func(fault string) string { return fmt.Sprintf("%s=env %s=%s '%s'", fault, faultVar, fault, exe) }
	dir := t.TempDir()
	out, err := bench(t, t.Context(), "-time", "1ms", "-reps", "3", "-rows", "125b,deflate,takeover", "-out", dir,
		"-servers", "rawtcp,klauspost", "-server", command("honest"), "-server", command("corrupts"), "-server", command("dies"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"corrupts, row 125b: the echo differs", "dies, row 125b: the server ended a connection"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q, want one with %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "honest") || strings.Contains(err.Error(), "deflate") {
		t.Errorf("error %q, want none about the honest server or a server that declines", err)
	}
	if !strings.Contains(out, "failed | failed |") || !strings.Contains(out, "declined") {
		t.Errorf("the table is\n%s", out)
	}
	row := readReport(t, dir).Rows[0]
	for name, want := range map[string]int{"rawtcp": 3, "honest": 3, "corrupts": 0, "dies": 0} {
		if got := len(row.Cells[name].P50); got != want {
			t.Errorf("%s has %d samples, want %d", name, got, want)
		}
	}
}

// A command that prints no address is an error.
func TestNoAddress(t *testing.T) {
	_, err := bench(t, t.Context(), "-time", "1ms", "-reps", "1", "-rows", "125b", "-servers", "none",
		"-server", "echo=echo no address")
	if err == nil || !strings.Contains(err.Error(), "echo printed no address") {
		t.Errorf("error %v", err)
	}
}

// A run that is interrupted writes what it has, but not to a README.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("interrupted")
	cancel(cause)
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte(report.Begin+"\nold\n"+report.End+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := bench(t, ctx, "-rows", "125b,idle", "-servers", "rawtcp", "-out", dir, "-readme", readme)
	if !errors.Is(err, cause) {
		t.Errorf("error %v, want %v", err, cause)
	}
	if b, err := os.ReadFile(readme); err != nil || !bytes.Contains(b, []byte("\nold\n")) {
		t.Errorf("the README is %q (error %v), want the old one", b, err)
	}
	r := readReport(t, dir)
	if len(r.Rows) != 2 {
		t.Errorf("the report has %d rows, want 2", len(r.Rows))
	}
	for _, row := range r.Rows {
		if got := row.Cells["rawtcp"].Values; len(got) > 0 {
			t.Errorf("row %s was measured: %v", row.Name, got)
		}
	}
}

func TestList(t *testing.T) {
	out, err := bench(t, t.Context(), "-rows", "list")
	if err != nil || !strings.Contains(out, "pipelined      32 pipelined messages of 64 B\n") {
		t.Errorf("error %v, output\n%s", err, out)
	}
}

func TestBadFlags(t *testing.T) {
	for _, flags := range [][]string{
		{"-rows", "125b,none"}, {"-servers", "nobody"}, {"-servers", "none"}, {"-server", "rawtcp=x"},
	} {
		if _, err := bench(t, t.Context(), flags...); err == nil {
			t.Errorf("%q: no error", flags)
		}
	}
	for _, flags := range [][]string{{"x"}, {"-reps", "0"}, {"-time", "-1s"}, {"-server", "x"}, {"-server", "=x"}, {"-server", "a b=x"}} {
		var usage bytes.Buffer
		if _, err := parse(flags, &usage); err == nil || usage.Len() == 0 {
			t.Errorf("%q: error %v, usage %q", flags, err, usage.String())
		}
	}
}

// The report has the version of fastwebsockets that is in its Cargo.toml.
func TestVersion(t *testing.T) {
	r := newReport([]*candidate{{name: "fast", command: "x", version: "1"}, {name: "gobwas", command: "x"}})
	if len(r.Versions) != 1 || r.Versions["fast"] != "1" {
		t.Errorf("versions %v, want that of fast", r.Versions)
	}
	b, err := fastwebsockets.ReadFile("fastwebsockets/Cargo.toml")
	if want := fmt.Sprintf("fastwebsockets = { version = %q", "="+fastwebsocketsVersion); err != nil || !strings.Contains(string(b), want) {
		t.Errorf("Cargo.toml (error %v) has no %s", err, want)
	}
}

// Text of the rows is valid, has the right size, and has characters of every size.
func TestMixed(t *testing.T) {
	for _, b := range text(1 << 10)() {
		sizes := map[int]bool{}
		for _, r := range string(b.Want) {
			sizes[len(string(r))] = true
		}
		if len(b.Want) != 1<<10 || len(sizes) != 4 || !bytes.Equal(bytes.ToValidUTF8(b.Want, nil), b.Want) {
			t.Errorf("%d bytes with characters of %d sizes", len(b.Want), len(sizes))
		}
	}
}

// The time that is left, less the time between the bursts, is divided among the bursts.
func TestNextBurst(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, test := range []struct {
		left, took, burst time.Duration
		reps              int
		weights           float64
		want              time.Duration
	}{
		{10 * s, 1250 * ms, 100 * ms, 10, 10, 80 * ms},   // nothing between the bursts
		{10 * s, 1750 * ms, 100 * ms, 10, 10, 40 * ms},   // 500 ms between the bursts
		{100 * s, 1750 * ms, 100 * ms, 10, 10, 760 * ms}, // the same, with more time
		{1 * s, 1750 * ms, 100 * ms, 10, 10, minBurst},
		{-1 * s, 1750 * ms, 100 * ms, 1, 10, minBurst},
	} {
		if got := nextBurst(test.left, test.took, test.burst, test.reps, test.weights); got != test.want {
			t.Errorf("%v left for %d repetitions, of which the last took %v with bursts of %v: next burst %v, want %v",
				test.left, test.reps, test.took, test.burst, got, test.want)
		}
	}
}

// An interruption is not a failure of the server that is being measured: its samples stay.
func TestInterruptedBurst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &candidate{name: "raw", can: echo.Echo}
	r := &run{
		ctx: ctx, candidates: []*candidate{c}, rows: []row{exchange("125b", "", 1, nil)},
		report: &report.Report{}, progress: newProgress(t.Output(), 0),
	}
	r.report.Rows = []*report.Row{r.newRow(&r.rows[0])}
	cell := r.report.Rows[0].Cells["raw"]
	cell.Values = stats.Samples{1}
	r.each(0, false, func(*row, *candidate, *report.Cell) error {
		cancel()
		return errors.New("the server ended a connection")
	})
	if len(cell.Values) != 1 || cell.Note != "" || r.failed() != nil {
		t.Errorf("cell %+v, error %v", cell, r.failed())
	}
}

// A signal to the group of this process does not reach the servers. All processes of a command end with it.
func TestStop(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	file := filepath.Join(t.TempDir(), "pid")
	c := newCommand("shell", fmt.Sprintf("sh -c 'sleep 600 & echo $! > %s; echo 127.0.0.1:1; wait'", file))
	s, err := c.launch(echo.Options{}, func(f func() error) error { return f() })
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Pid()))
	s.stop()
	if f := strings.Fields(string(stat)); err != nil || len(f) < 5 || f[4] != f[0] {
		t.Errorf("the server's state is %q (error %v), want a process group of its own", stat, err)
	}
	pid, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // until it has died
		b, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || bytes.Contains(b, []byte(") Z ")) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the command's other process is still running")
		}
	}
}
