package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

func TestFuzzingClient(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		flags     string
	}{
		{"ws", serve(t, testee.Echo()), ""},
		{"wss", serveTLS(t, testee.Echo()), "-insecure"},
		{"unix", serveUnix(t, testee.Echo()), "-parallel 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "a", "b")
			args := append([]string{"fuzzingclient", "-cases", "1.1.*,2.1,H.1.1,R.11.1", "-close-path",
				"/close", tt.url, "-out", out, "-exclude", "1.1.5,1.1.6,1.1.7,1.1.8", "-agent", "echo ü"},
				strings.Fields(tt.flags)...)
			d := wscheck(t, args...)
			d.check(t, exitPassed, "PASS: 7 cases\n", "echo ü: 7 of 7 cases\n")
			if !strings.HasPrefix(d.stdout, "echo ü: 7 cases in ") ||
				!strings.Contains(d.stdout, "\nreport: "+filepath.Join(out, "index.html")+"\n") {
				t.Errorf("printed %q", d.stdout)
			}
			verdicts(t, out, "echo ü", "1.1.1", "1.1.2", "1.1.3", "1.1.4", "2.1", "H.1.1", "R.11.1")
			if _, err := os.Stat(filepath.Join(out, "index.html")); err != nil {
				t.Error(err)
			}
		})
	}
}

// With -json, standard output has only the content of index.json.
func TestFuzzingClientJSON(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	d := wscheck(t, "fuzzingclient", serve(t, liar()), "-json", "-cases", "1.1.*,1.2.1", "-exclude",
		"1.1.6,1.1.7,1.1.8", "-agent", "<liar>", "-out", out)
	d.check(t, exitShort, "", "FAIL: 4 of 6 cases fell short\n")
	var got report.Index
	if err := json.Unmarshal([]byte(d.stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := verdicts(t, out, "<liar>", "1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.5", "1.2.1")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("index (-report +printed):\n%s", diff)
	}
	if got["<liar>"]["1.1.2"].Behavior != report.Failed || got["<liar>"]["1.2.1"].Behavior != report.OK {
		t.Errorf("printed %v", got)
	}
}

func TestFuzzingClientFallsShort(t *testing.T) {
	t.Parallel()
	d := wscheck(t, "fuzzingclient", serve(t, liar()), "-cases", "1.1.*,1.2.*", "-exclude",
		"1.*.6,1.*.7,1.*.8", "-out", t.TempDir())
	d.check(t, exitShort, "FAIL: 4 of 10 cases fell short\n", "4 short")
	for _, want := range []string{"  behavior  6 OK, 4 FAILED\n",
		"\nFAILED: 4 cases about RFC 6455, section ", " (MUST)\n  \"",
		"  1.1.3    A text message of 126 ", "FAILED, close "} {
		if !strings.Contains(d.stdout, want) {
			t.Errorf("no %q in %q", want, d.stdout)
		}
	}
	if strings.Contains(d.stdout, "  1.1.1 ") {
		t.Errorf("a case that passed is listed: %q", d.stdout)
	}
}

func TestFuzzingClientQuick(t *testing.T) {
	for _, flag := range []string{"-quick=true", "-quick=false"} {
		out := t.TempDir()
		wscheck(t, "fuzzingclient", flag, serve(t, testee.Echo()), "-cases", "12.1.1", "-out", out).check(t,
			exitPassed, "PASS: 1 case\n", "")
		results, err := report.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Quick != (flag == "-quick=true") {
			t.Errorf("%s: Quick is %v", flag, r.Quick)
		}
	}
}

// A server has one name in the report, even if some responses lack it.
func TestFuzzingClientNames(t *testing.T) {
	echo := testee.Echo()
	shy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet { // cases H.1.*
			http.Error(w, "no", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Server", "shy/1")
		echo.ServeHTTP(w, r)
	})
	tcp := serve(t, echo)
	unix := serveUnix(t, echo)
	for _, tt := range []struct{ url, agent string }{
		{tcp, strings.TrimPrefix(tcp, "ws://")},
		{unix, strings.TrimSuffix(strings.TrimPrefix(unix, "ws+unix://"), ":/")},
		{serve(t, shy), "shy/1"},
	} {
		out := t.TempDir()
		wscheck(t, "fuzzingclient", tt.url, "-cases", "1.1.1,H.1.1,H.1.2", "-out", out)
		index := verdicts(t, out, tt.agent, "1.1.1", "H.1.1", "H.1.2")
		if len(index) != 1 {
			t.Errorf("agents %q", index.Agents())
		}
	}
}

func TestFuzzingClientHeader(t *testing.T) {
	echo := testee.Echo()
	picky := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "https://example.org" || r.Header.Get("X-Token") != "a:b" {
			http.Error(w, "unknown origin or token", http.StatusForbidden)
			return
		}
		echo.ServeHTTP(w, r)
	})
	url := serve(t, picky)
	args := []string{"fuzzingclient", url, "-cases", "1.1.1", "-out", t.TempDir()}
	wscheck(t, args...).check(t, exitFailed, "",
		": the server refused the upgrade: HTTP/1.1 403 Forbidden")
	args = append(args, "-header", "Origin: https://example.org", "-header", "x-token:a:b")
	wscheck(t, args...).check(t, exitPassed, "PASS: 1 case\n", "")
	wscheck(t, append(args, "-header", "Origin")...).check(t, exitFailed, "", "not of the form 'Name: value'")
}
