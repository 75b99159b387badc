package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestProgressLines(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	for _, id := range strings.Fields("1 2 3 4 5 6 7 8") {
		p.count("a", 8, id, id != "3")
		p.count("a", 8, id, id != "3") // ran again
	}
	p.count("a", 8, "3", true)
	p.count("b\n", 1, "1", false)
	p.say("report")
	p.end()
	want := "a: 2 of 8 cases\na: 4 of 8 cases, 1 short\na: 6 of 8 cases, 1 short\n" +
		"a: 8 of 8 cases, 1 short\nb?: 1 of 1 case, 1 short\nreport\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// After a while without a verdict, the pending cases are listed.
func TestProgressWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out output
		p := newProgress(&out)
		p.expect("a", strings.Fields("1 2 3 4 5 6 7"))
		time.Sleep(quietTime - 1)
		p.count("a", 7, "2", true)
		time.Sleep(quietTime - 1)
		if out.String() != "" {
			t.Errorf("printed too early: %q", &out)
		}
		time.Sleep(2 * time.Nanosecond)
		for _, id := range strings.Fields("1 3 4 5 6") {
			p.count("a", 7, id, true)
		}
		time.Sleep(quietTime + 1)
		p.end()
		time.Sleep(2 * quietTime)
		for _, want := range []string{"a: waiting for 1, 3, 4, 5, 6 and 1 more\n",
			"a: 6 of 7 cases\na: waiting for 7\n"} {
			if strings.Count(out.String(), want) != 1 {
				t.Errorf("printed %q, want %q once", &out, want)
			}
		}
	})
}

// onTerminal runs this program on a terminal and returns its output.
func onTerminal(t *testing.T, args string, env ...string) string {
	t.Helper()
	script, err := exec.LookPath("script")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("needs script(1) of util-linux for a terminal")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), script, "-qec",
		"stty cols 60; '"+self+"' "+args+" -out '"+t.TempDir()+"'", "/dev/null")
	c.Env = append(append(os.Environ(), asMain+"=1", "TERM=xterm", "NO_COLOR="), env...)
	b, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestColor(t *testing.T) {
	const green = "\x1b[32mPASS: 2 cases\x1b[m\n"
	if text := onTerminal(t, "-cases 1.1.1"); !strings.Contains(text, green) {
		t.Errorf("no %q in %q", green, text)
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		if text := onTerminal(t, "-cases 1.1.1", env); strings.Contains(text, green) ||
			!strings.Contains(text, "\nPASS: 2 cases\n") {
			t.Errorf("with %s: %q", env, text)
		}
	}
	if text := wscheck(t, "-cases", "1.1.1", "-out", t.TempDir()).stdout; strings.Contains(text, "\x1b") {
		t.Errorf("without a terminal: %q", text)
	}
}

// On a terminal, a bar is shown and finally removed.
func TestTerminal(t *testing.T) {
	text := onTerminal(t, "-cases '1.1.*,2.*'")
	for _, side := range []string{serverAgent, clientAgent} {
		if !regexp.MustCompile(side + ` +\d+% \|[█ ]+\| *\(\d+/\d+\) *\r`).MatchString(text) {
			t.Errorf("no bar of %s in %q", side, text)
		}
	}
	for line := range strings.Lines(text) {
		for part := range strings.SplitSeq(strings.TrimRight(line, "\n"), "\r") {
			if utf8.RuneCountInString(part) > 60 {
				t.Errorf("%q is wider than the terminal", part)
			}
		}
		if last := line[strings.LastIndex(line, "\r")+1:]; strings.ContainsAny(last, "█|") {
			t.Errorf("the bar was not removed: %q", line)
		}
	}
}
