package soak

import "fmt"

// A finding is the judge's word on one promise.
type finding struct {
	promise string
	ok      bool
	text    string   // what was seen
	details []string // examples of what went wrong
}

// findings judges the soak: one finding for each promise, always in this order.
func (r *Report) findings() []finding {
	found := []finding{
		r.checkFaults("good clients saw every message, in order", faultMessage, r.main.received.Load()+r.main.topic.Load(), "messages"),
		r.checkFaults("no good client was cut off", faultConnection, r.main.connections.Load(), "connections"),
	}
	if r.config.abusers() > 0 {
		found = append(found, r.checkFaults("each abuse was answered as it must be", faultAbuse, r.main.allAbuses(), "abuses"))
	}
	if r.config.resetters() > 0 {
		found = append(found, r.checkFarewells())
	}
	return append(found,
		r.checkMemory("live heap is back", r.before.Heap, r.after.Heap, r.config.Tolerance.Heap, false),
		r.checkMemory("resident set is back", r.before.RSS, r.after.RSS, r.config.Tolerance.RSS, r.config.Tolerance.IgnoreRSS),
		r.checkNumber("goroutines are back", "goroutines", r.cold.Goroutines, r.after.Goroutines),
		r.checkNumber("files are closed", "files", r.cold.Files, r.after.Files),
		r.checkNumber("no connection is left", "connections", 0, int(r.after.Open)),
		r.checkLog(),
		r.checkProcess(),
	)
}

// OK reports whether every promise was kept.
func (r *Report) OK() bool {
	for _, f := range r.findings() {
		if !f.ok {
			return false
		}
	}
	return true
}

// checkFaults counts those of the warm-up too. A soak in which nothing happened
// has kept no promise.
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

// checkFarewells counts those of the warm-up too. Where the system tells what has been
// acknowledged, some codes must be certain: otherwise nothing was judged.
func (r *Report) checkFarewells() finding {
	f := finding{promise: "codes before a reset arrived"}
	if r.gone != nil {
		f.text = "not counted"
		return f
	}
	early, late := r.warm.farewells.count(), r.main.farewells.count()
	missing := append(early.missing, late.missing...)
	f.ok = len(missing) == 0 && (late.certain > 0 || !tellsUnacknowledged)
	f.text = fmt.Sprintf("%s sent, %s certain, %s of these arrived, %d missing",
		group(int64(late.sent)), group(int64(late.certain)), group(int64(late.arrived)), len(late.missing))
	if n := len(early.missing); n > 0 {
		f.text += fmt.Sprintf(" and %d in the warm-up", n)
	}
	f.text += fmt.Sprintf("; %d could not be answered", late.cut)
	if late.uncertain > 0 {
		f.text += fmt.Sprintf("; %d uncertain, %d of these arrived", late.uncertain, late.luck)
	}
	f.details = missing[:min(len(missing), examplesKept)]
	return f
}

// checkMemory allows for the tolerance. A soak that could not measure has not
// kept the promise, unless the system does not tell.
func (r *Report) checkMemory(promise string, before, after, least int64, ignored bool) finding {
	f := finding{promise: promise}
	growth := int64(r.config.Tolerance.Memory * float64(before))
	if r.config.Conns >= largeSoak {
		least = 0
	}
	most := before + max(growth, least)
	switch {
	case r.gone != nil:
		f.text = "not measured"
	case before == 0:
		f.ok, f.text = true, "not known on this system"
	default:
		f.ok = after <= most || ignored
		f.text = fmt.Sprintf("%s before, %s after (%+.1f %%)", size(before), size(after), 100*float64(after-before)/float64(before))
		switch {
		case ignored:
			f.text += ", not judged"
		case least > growth:
			f.text += fmt.Sprintf(", of so little at most %s more", size(least))
		}
	}
	return f
}

func (r *Report) checkNumber(promise, what string, before, after int) finding {
	if r.gone != nil {
		return finding{promise: promise, text: "not counted"}
	}
	return finding{promise: promise, ok: after <= before, text: fmt.Sprintf("%d %s before, %d after", before, what, after)}
}

func (r *Report) checkLog() finding {
	f := finding{promise: "the server's log is empty", ok: len(r.log) == 0, text: fmt.Sprintf("%d lines", len(r.log))}
	f.details = r.log[:min(len(r.log), 20)]
	return f
}

func (r *Report) checkProcess() finding {
	f := finding{promise: "the server lived and ended well", ok: r.gone == nil && r.exit == nil, text: "it did"}
	switch {
	case r.gone != nil && r.exit != nil:
		f.text = fmt.Sprintf("it did not answer (%v), and ended with: %v", r.gone, r.exit)
	case r.gone != nil:
		f.text = "it did not answer: " + r.gone.Error()
	case r.exit != nil:
		f.text = "it ended with: " + r.exit.Error()
	}
	return f
}
