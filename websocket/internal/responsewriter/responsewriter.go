// Package responsewriter looks through the ResponseWriters of middleware, which wrap each other.
// What they can tell is known from methods that they have by convention.
package responsewriter

import "net/http"

// unwrap returns what w wraps, or nil.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return nil
}

// Innermost returns the writer that w wraps and that wraps none that can be seen.
func Innermost(w http.ResponseWriter) http.ResponseWriter {
	for v := w; v != nil; v = unwrap(v) {
		w = v
	}
	return w
}

// HasBegun reports whether w, or a writer that it wraps, can tell that a response has
// begun.
func HasBegun(w http.ResponseWriter) bool {
	for ; w != nil; w = unwrap(w) {
		if v, ok := w.(interface{ Written() bool }); ok {
			if v.Written() {
				return true
			}
			continue // the status of such a writer may be one that is still to be sent
		}
		v, ok := w.(interface{ Status() int })
		if !ok {
			continue // or a Size may be that of an embedded bufio.Writer
		}
		// Many start with a status of 200, and interim ones (1xx) begin nothing.
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

// RecordSwitching tells the innermost writer with WriteHeaderNow that the status is 101,
// unless w cannot be hijacked. The WriteHeader of such a writer, which is gin's, records
// the status without sending it; that of any other would send a second response.
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
