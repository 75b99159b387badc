package responsewriter

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// These are the kinds of ResponseWriters of routers and middleware. Each wraps another one.
type (
	wrapper struct{ http.ResponseWriter } // has only Unwrap
	opaque  struct{ http.ResponseWriter }
	chi     struct { // WrapResponseWriter of chi
		wrapper
		status, count int
	}
	logger struct { // the logger of gorilla/handlers
		wrapper
		status, size int
	}
	negroni struct {
		wrapper
		status, size int
	}
	gin struct { // its WriteHeader only records the status
		wrapper
		status, size int
	}
	compressor struct { // its Size is the size of its buffer
		wrapper
		*bufio.Writer
	}
	hijacker struct{ http.ResponseWriter }
)

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *chi) Status() int       { return w.status }
func (w *chi) BytesWritten() int { return w.count }

func (w *logger) Status() int { return w.status }
func (w *logger) Size() int   { return w.size }

func (w *negroni) Status() int   { return w.status }
func (w *negroni) Size() int     { return w.size }
func (w *negroni) Written() bool { return w.status != 0 }

func (w *gin) Status() int            { return w.status }
func (w *gin) Size() int              { return w.size }
func (w *gin) Written() bool          { return w.size != -1 }
func (w *gin) WriteHeader(status int) { w.status = status }
func (w *gin) WriteHeaderNow() {
	if w.size == -1 {
		w.size = 0
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *compressor) Write(p []byte) (int, error) { return w.Writer.Write(p) }

func (hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }

// HasBegun recognizes writers that have begun a response, whatever wraps them.
func TestHasBegun(t *testing.T) {
	for name, test := range map[string]struct {
		w    http.ResponseWriter
		want bool
	}{
		"unknown":              {httptest.NewRecorder(), false},
		"wrapped":              {wrapper{httptest.NewRecorder()}, false},
		"wraps nil":            {wrapper{}, false},
		"chi":                  {&chi{}, false},
		"chi, 103":             {&chi{status: 103}, false},
		"chi, 101":             {&chi{status: 101}, true},
		"chi, 200":             {&chi{status: 200}, false},
		"chi, 200 and a body":  {&chi{status: 200, count: 1}, true},
		"chi, 201":             {&chi{status: 201}, true},
		"logger":               {&logger{status: 200}, false},
		"logger, body":         {&logger{status: 200, size: 5}, true},
		"logger, 500":          {&logger{status: 500}, true},
		"negroni":              {&negroni{}, false},
		"negroni, 200":         {&negroni{status: 200}, true},
		"gin":                  {&gin{status: 200, size: -1}, false},
		"gin, 404 recorded":    {&gin{status: 404, size: -1}, false},
		"gin, header written":  {&gin{status: 200}, true},
		"gin around begun chi": {&gin{wrapper: wrapper{&chi{status: 404}}, status: 200, size: -1}, true},
		"buffer":               {&compressor{wrapper{httptest.NewRecorder()}, bufio.NewWriter(nil)}, false},
		"begun, wrapped":       {wrapper{wrapper{&gin{status: 200}}}, true},
		"begun, but hidden":    {wrapper{opaque{&gin{status: 200}}}, false},
		"chi around gin":       {&chi{wrapper: wrapper{&gin{status: 200, size: -1}}}, false},
	} {
		if got := HasBegun(test.w); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// RecordSwitching records the status in the innermost writer of gin's kind and sends nothing.
func TestRecordSwitching(t *testing.T) {
	rec := httptest.NewRecorder()
	rec.Code = 0
	bottom := hijacker{rec}
	inner := &gin{wrapper: wrapper{bottom}, status: 200, size: -1}
	outer := &gin{wrapper: wrapper{inner}, status: 200, size: -1}
	other := &chi{wrapper: wrapper{outer}}
	RecordSwitching(other)
	if inner.status != 101 || outer.status != 200 || other.status != 0 || rec.Code != 0 {
		t.Errorf("recorded %d and %d and sent %d, want 101, 200 and 0", inner.status, outer.status, rec.Code)
	}
	RecordSwitching(bottom)
	if rec.Code != 0 {
		t.Errorf("sent status %d, want none", rec.Code)
	}

	inner = &gin{wrapper: wrapper{opaque{bottom}}, status: 200, size: -1}
	if RecordSwitching(inner); inner.status != 200 {
		t.Errorf("recorded %d for a writer that cannot be hijacked, want 200", inner.status)
	}
}

// Innermost unwraps writers as far as it can.
func TestInnermost(t *testing.T) {
	inner := opaque{httptest.NewRecorder()}
	for _, w := range []http.ResponseWriter{inner, wrapper{inner}, &gin{wrapper: wrapper{wrapper{inner}}}} {
		if got := Innermost(w); got != inner {
			t.Errorf("%T: got %T, want %T", w, got, inner)
		}
	}
	if got := Innermost(wrapper{}); got != (wrapper{}) {
		t.Errorf("a wrapper of nil: got %T, want itself", got)
	}
}
