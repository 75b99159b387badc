package middleware

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A recorder is a ResponseWriter that records the status of the response.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the methods of the ResponseWriter.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack records that the connection is no longer HTTP.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

func recording(h http.Handler) (http.Handler, func() string) {
	status := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		h.ServeHTTP(rec, r)
		status = rec.status
	}), func() string { return strconv.Itoa(status) }
}

// TestRecorder checks that the guide shows the same recorder.
func TestRecorder(t *testing.T) {
	source, err := os.ReadFile("recorder_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\n)\n\n")
	code, _, _ = strings.Cut(code, "\nfunc recording")
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(text), "```go\n")
	shown, _, _ = strings.Cut(shown, "```\n")
	if diff := cmp.Diff(code, shown); diff != "" {
		t.Errorf("%s does not show the recorder as it is here (-here +guide):\n%s", guide, diff)
	}
}
