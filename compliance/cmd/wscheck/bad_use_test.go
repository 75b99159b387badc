package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// Errors if there is no WebSocket server at the URL.
func TestNoWebSocketServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	l.Close()
	silent, ssh := raw(t, func(net.Conn) {}),
		raw(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-x\r\n") })
	plain := strings.TrimPrefix(serve(t, http.NotFoundHandler()), "ws://")
	secure := strings.TrimPrefix(serveTLS(t, testee.Echo()), "wss://")
	rude := raw(t, func(c net.Conn) { c.Close() })
	tests := []struct{ command, url, stderr string }{
		{"fuzzingclient", "", "want one URL"},
		{"fuzzingclient", "ws://127.0.0.1:1 ws://127.0.0.1:2", "want one URL"},
		{"fuzzingclient", "127.0.0.1:9001", `invalid server URL "127.0.0.1:9001"`},
		{"fuzzingclient", "localhost:9001", `invalid server URL "localhost:9001"`},
		{"fuzzingclient", "http://127.0.0.1:1", "invalid server URL"},
		{"fuzzingclient", "ws:///path", "invalid server URL"},
		{"fuzzingclient", "ws+unix://host/path", "invalid server URL"},
		{"fuzzingclient", "ws+unix:///no/such/socket",
			"cannot connect to ws+unix:///no/such/socket: "},
		{"fuzzingclient", "ws://name.invalid", "ws://name.invalid: lookup name.invalid"},
		{"fuzzingclient", "ws://" + gone, "no server is listening at ws://" + gone},
		{"fuzzingclient", "wss://" + gone, "no server is listening at wss://" + gone},
		{"testeeclient", "ws://" + gone, "no server is listening at ws://" + gone},
		{"fuzzingclient", "ws://" + silent, "does not answer the opening handshake within 5s"},
		{"fuzzingclient", "wss://" + silent, "accepts connections but does not answer"},
		{"fuzzingclient", "ws://" + ssh,
			`sends data before a request, so it is not an HTTP server: "SSH-2.0-x\r\n"`},
		{"fuzzingclient", "wss://" + ssh, "does not use TLS"},
		{"fuzzingclient", "ws://" + plain, "the server refused the upgrade: HTTP/1.1 404 Not Found"},
		{"fuzzingclient", "wss://" + plain,
			"does not use TLS; try a ws URL"},
		{"testeeclient", "ws://" + plain, "status 404"},
		{"fuzzingclient", "ws://" + secure,
			"uses TLS; try a wss URL"},
		{"testeeclient", "ws://" + secure, "uses TLS; try a wss URL"},
		{"fuzzingclient", "wss://" + secure, "is not trusted; -insecure accepts it"},
		{"testeeclient", "wss://" + secure, "is not trusted; -insecure accepts it"},
		{"fuzzingclient", "ws://" + rude, "closes the connection instead of answering the opening handshake"},
	}
	out := filepath.Join(t.TempDir(), "reports")
	var wg sync.WaitGroup
	for _, tt := range tests { // at the same time, because they wait
		wg.Go(func() {
			args := append([]string{tt.command}, strings.Fields(tt.url)...)
			if tt.command == "fuzzingclient" {
				args = append(args, "-out", filepath.Join(out, strings.ReplaceAll(tt.url, "/", "_")))
			}
			wscheck(t, args...).check(t, exitFailed, "", tt.stderr)
		})
	}
	wg.Wait()
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) > 0 {
		t.Errorf("empty directories are left: %q", left)
	}
}

func TestServerDies(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	d := wscheck(t, "fuzzingclient", serveMortal(t, 4), "-cases", "1.1.*", "-parallel", "1", "-out", out,
		"-agent", "x")
	d.check(t, exitFailed, "INCOMPLETE: 3 cases ran, 0 fell short\n",
		"the server stopped answering after 1.1.3 and did not come back within 10s; 5 cases have no verdict")
	verdicts(t, out, "x", "1.1.1", "1.1.2", "1.1.3")
	if b, err := os.ReadFile(filepath.Join(out, "index.html")); err != nil ||
		!strings.Contains(string(b), "interrupted") {
		t.Errorf("the page does not say that the run was interrupted (error %v)", err)
	}
}

func TestOutNotWritable(t *testing.T) {
	url := serve(t, testee.Echo())
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"fuzzingclient", url}, {"fuzzingserver", "ws://127.0.0.1:0"},
		{"-quick"}} {
		for _, out := range []string{file, filepath.Join(file, "below")} {
			wscheck(t, append(args, "-out", out)...).check(t, exitFailed, "",
				"cannot write a report: -out: mkdir "+file+": ")
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file has changed: %q, %v", b, err)
	}
	if os.Getuid() != 0 && os.Getuid() != -1 {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		wscheck(t, "-out", dir).check(t, exitFailed, "", "permission denied")
	}
}

// Files of an earlier report are kept unless the new report replaces them.
func TestOutExists(t *testing.T) {
	url := serve(t, testee.Echo())
	dir := reportOf(t, "old", map[string]report.Verdict{"9.1.1": report.Failed})
	wscheck(t, "fuzzingclient", url, "-out", dir, "-cases", "1.1.1", "-agent", "new").check(t, exitPassed,
		"PASS: 1 case\n", "")
	verdicts(t, dir, "new", "1.1.1")
	if _, err := os.Stat(filepath.Join(dir, "old_case_9_1_1.json")); err != nil {
		t.Error(err)
	}
}
