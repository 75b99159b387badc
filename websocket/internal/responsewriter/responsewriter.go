// Package responsewriter looks through the ResponseWriters of middleware, which wrap each other. It
// relies on methods that many of them have by convention.
package responsewriter

import "net/http"

// unwrap returns the writer that w wraps, or nil.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return nil
}

// Innermost returns the last writer in the chain of writers that Unwrap returns, beginning with w.
func Innermost(w http.ResponseWriter) http.ResponseWriter {
	for v := w; v != nil; v = unwrap(v) {
		w = v
	}
	return w
}

// HasBegun reports whether w, or a writer that it wraps, reports that a response has begun.
func HasBegun(w http.ResponseWriter) bool {
	for ; w != nil; w = unwrap(w) {
		if v, ok := w.(interface{ Written() bool }); ok {
			if v.Written() {
				return true
			}
			continue // its status may not have been sent yet
		}
		v, ok := w.(interface{ Status() int })
		if !ok {
			continue // its Size may be that of an embedded bufio.Writer
		}
		// Many start with a status of 200. An interim status (1xx) does not begin a response.
		if s := v.Status(); s > http.StatusOK || s == http.StatusSwitchingProtocols {
			return true
		}
		if v, ok := w.(interface{ BytesWritten() int }); ok && v.BytesWritten() > 0 {
			return true
		}
		if v, ok := w.(interface{ Size() int }); ok && v.Size() > 0 {
			return true
		}
	}
	return false
}

// RecordSwitching tells the innermost writer with WriteHeaderNow that the status is 101, unless w
// cannot be hijacked. The WriteHeader of such a writer, which is gin's, records the status without
// sending it. The WriteHeader of any other writer would send a second response.
func RecordSwitching(w http.ResponseWriter) {
	var recorder http.ResponseWriter
	for v := w; v != nil; v = unwrap(v) {
		if _, ok := v.(interface{ WriteHeaderNow() }); ok {
			recorder = v
		}
	}
	if _, ok := Innermost(w).(http.Hijacker); ok && recorder != nil {
		recorder.WriteHeader(http.StatusSwitchingProtocols)
	}
}
