package soak

import "fmt"

// The promises of the server, in the order of the report.
const (
	promiseMessages    = "good clients received every message in order"
	promiseConnections = "no good client was cut off"
	promiseAbuses      = "every abuse was handled as required"
	promiseCodes       = "close codes arrived despite resets"
	promiseHeap        = "live heap stayed within its limit"
	promiseRSS         = "resident set stayed within its limit"
	promiseGoroutines  = "all goroutines ended"
	promiseFiles       = "all files were closed"
	promiseClosed      = "all connections ended"
	promiseLog         = "the server logged no errors"
	promiseExit        = "the server kept answering and exited cleanly"
)

// A finding is the result of checking one promise.
type finding struct {
	promise string
	ok      bool
	text    string   // the figures
	details []string // examples of what went wrong
}

// findings checks the promises and returns one finding for each, in a fixed order.
func (r *Report) findings() []finding {
	t, tolerance := r.main, &r.config.Tolerance
	found := []finding{
		r.checkFaults(promiseMessages, faultMessage, t.received.Load()+t.topic.Load(), "messages"),
		r.checkFaults(promiseConnections, faultConnection, t.connections.Load(), "connections"),
	}
	if r.config.abusers() > 0 {
		found = append(found, r.checkFaults(promiseAbuses, faultAbuse, t.allAbuses(), "abuses"))
	}
	if r.config.resetters() > 0 {
		found = append(found, r.checkCloseCodes())
	}
	return append(found,
		r.checkMemory(promiseHeap, r.before.Heap, r.after.Heap, tolerance.Heap, false),
		r.checkMemory(promiseRSS, r.before.RSS, r.after.RSS, tolerance.RSS, tolerance.IgnoreRSS),
		r.checkNumber(promiseGoroutines, "goroutines", r.cold.Goroutines, r.after.Goroutines),
		r.checkNumber(promiseFiles, "files", r.cold.Files, r.after.Files),
		r.checkNumber(promiseClosed, "connections", 0, int(r.after.Open)),
		r.checkLog(),
		r.checkProcess(),
	)
}

// OK reports whether the server kept every promise.
func (r *Report) OK() bool {
	for _, f := range r.findings() {
		if !f.ok {
			return false
		}
	}
	return true
}

// checkFaults includes the faults of the warm-up. It fails if total is 0: a soak in which nothing happened
// proves nothing.
func (r *Report) checkFaults(promise string, kind fault, total int64, what string) finding {
	early, examples := r.warm.faulted(kind)
	late, more := r.main.faulted(kind)
	f := finding{promise: promise, ok: early+late == 0 && total > 0}
	f.text = fmt.Sprintf("%s %s, %d faults", group(total), what, late)
	if early > 0 {
		f.text += fmt.Sprintf(" and %d in the warm-up", early)
	}
	f.details = append(append(f.details, examples...), more...)
	return f
}

// checkCloseCodes includes the close codes of the warm-up. On systems that report which bytes the peer has
// acknowledged, at least one code must be certain, since only certain codes are checked.
func (r *Report) checkCloseCodes() finding {
	f := finding{promise: promiseCodes}
	if r.unresponsive != nil {
		f.text = "not counted"
		return f
	}
	early, late := r.warm.closes.count(), r.main.closes.count()
	missing := append(early.missing, late.missing...)
	f.ok = len(missing) == 0 && (late.certain > 0 || !reportsUnacknowledged)
	f.text = fmt.Sprintf("%s sent, %s of them certain: %s arrived, %d missing",
		group(int64(late.sent)), group(int64(late.certain)), group(int64(late.arrived)), len(late.missing))
	if n := len(early.missing); n > 0 {
		f.text += fmt.Sprintf(" and %d in the warm-up", n)
	}
	f.text += fmt.Sprintf("; %d could not be answered", late.unanswered)
	if late.uncertain > 0 {
		f.text += fmt.Sprintf("; %d of %d uncertain ones arrived", late.uncertainArrived, late.uncertain)
	}
	f.details = missing[:min(len(missing), examplesKept)]
	return f
}

// checkMemory allows growth by Tolerance.Memory, a share of before. A small soak may also grow by least
// bytes, if that is more. On systems that do not report the figure, the promise counts as kept.
func (r *Report) checkMemory(promise string, before, after, least int64, ignored bool) finding {
	f := finding{promise: promise}
	growth := int64(r.config.Tolerance.Memory * float64(before))
	if r.config.Conns >= largeSoak {
		least = 0
	}
	most := before + max(growth, least)
	switch {
	case r.unresponsive != nil:
		f.text = "not measured"
	case before == 0:
		f.ok, f.text = true, "unknown on this system"
	default:
		f.ok = after <= most || ignored
		f.text = fmt.Sprintf("%s before, %s after (%+.1f %%)",
			size(before), size(after), 100*float64(after-before)/float64(before))
		switch {
		case ignored:
			f.text += ", ignored"
		case least > growth:
			f.text += fmt.Sprintf("; growth of %s is allowed", size(least))
		}
	}
	return f
}

func (r *Report) checkNumber(promise, what string, before, after int) finding {
	f := finding{promise: promise, text: "not counted"}
	if r.unresponsive == nil {
		f.ok, f.text = after <= before, fmt.Sprintf("%d %s before, %d after", before, what, after)
	}
	return f
}

func (r *Report) checkLog() finding {
	return finding{
		promise: promiseLog, ok: len(r.log) == 0,
		text:    fmt.Sprintf("%d lines", len(r.log)),
		details: r.log[:min(len(r.log), 20)],
	}
}

func (r *Report) checkProcess() finding {
	f := finding{promise: promiseExit, ok: r.unresponsive == nil && r.exit == nil, text: "yes"}
	switch {
	case r.unresponsive != nil && r.exit != nil:
		f.text = fmt.Sprintf("it stopped answering (%v) and exited with: %v", r.unresponsive, r.exit)
	case r.unresponsive != nil:
		f.text = "it stopped answering: " + r.unresponsive.Error()
	case r.exit != nil:
		f.text = "it exited with: " + r.exit.Error()
	}
	return f
}
