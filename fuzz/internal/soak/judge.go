package soak

import "fmt"

// A Finding is the judge's word on one promise.
type Finding struct {
	Promise string
	OK      bool
	Text    string   // what was seen
	Details []string // examples of what went wrong
}

// Findings judges the soak: one finding for each promise, always in this order.
func (r *Report) Findings() []Finding {
	found := []Finding{
		r.judgeFaults("good clients saw every message, in order", faultMessage, r.main.received.Load()+r.main.topic.Load(), "messages"),
		r.judgeFaults("no good client was cut off", faultConnection, r.main.connections.Load(), "connections"),
	}
	if r.Config.abusers() > 0 {
		found = append(found, r.judgeFaults("each abuse was answered as it must be", faultAbuse, r.main.allAbuses(), "abuses"))
	}
	if r.Config.resetters() > 0 {
		found = append(found, r.judgeFarewells())
	}
	return append(found,
		r.judgeMemory("live heap is back", r.Before.Heap, r.After.Heap, r.Config.Tolerance.Heap, false),
		r.judgeMemory("resident set is back", r.Before.RSS, r.After.RSS, r.Config.Tolerance.RSS, r.Config.Tolerance.IgnoreRSS),
		r.judgeNumber("goroutines are back", "goroutines", r.Cold.Goroutines, r.After.Goroutines),
		r.judgeNumber("files are closed", "files", r.Cold.Files, r.After.Files),
		r.judgeNumber("no connection is left", "connections", 0, int(r.After.Open)),
		r.judgeLog(),
		r.judgeProcess(),
	)
}

// OK reports whether every promise was kept.
func (r *Report) OK() bool {
	for _, f := range r.Findings() {
		if !f.OK {
			return false
		}
	}
	return true
}

// judgeFaults counts those of the warm-up too. A soak in which nothing happened
// has kept no promise.
func (r *Report) judgeFaults(promise string, kind fault, total int64, what string) Finding {
	early, examples := r.warm.faulted(kind)
	late, more := r.main.faulted(kind)
	f := Finding{Promise: promise, OK: early+late == 0 && total > 0}
	f.Text = fmt.Sprintf("%s %s, %d faults", group(total), what, late)
	if early > 0 {
		f.Text += fmt.Sprintf(" and %d in the warm-up", early)
	}
	f.Details = append(append(f.Details, examples...), more...)
	return f
}

// judgeFarewells counts those of the warm-up too. Where the system tells what has been
// acknowledged, some codes must be certain: otherwise nothing was judged.
func (r *Report) judgeFarewells() Finding {
	f := Finding{Promise: "codes before a reset arrived"}
	if r.gone != nil {
		f.Text = "not counted"
		return f
	}
	early, late := r.warm.farewells.count(), r.main.farewells.count()
	missing := append(early.missing, late.missing...)
	f.OK = len(missing) == 0 && (late.certain > 0 || !tellsUnacknowledged)
	f.Text = fmt.Sprintf("%s sent, %s certain, %s of these arrived, %d missing",
		group(int64(late.sent)), group(int64(late.certain)), group(int64(late.arrived)), len(late.missing))
	if n := len(early.missing); n > 0 {
		f.Text += fmt.Sprintf(" and %d in the warm-up", n)
	}
	f.Text += fmt.Sprintf("; %d could not be answered", late.cut)
	if late.uncertain > 0 {
		f.Text += fmt.Sprintf("; %d uncertain, %d of these arrived", late.uncertain, late.luck)
	}
	f.Details = missing[:min(len(missing), examplesKept)]
	return f
}

// judgeMemory allows for the tolerance. A soak that could not measure has not
// kept the promise, unless the system does not tell.
func (r *Report) judgeMemory(promise string, before, after, least int64, ignored bool) Finding {
	f := Finding{Promise: promise}
	growth := int64(r.Config.Tolerance.Memory * float64(before))
	if r.Config.Conns >= largeSoak {
		least = 0
	}
	most := before + max(growth, least)
	switch {
	case r.gone != nil:
		f.Text = "not measured"
	case before == 0:
		f.OK, f.Text = true, "not known on this system"
	default:
		f.OK = after <= most || ignored
		f.Text = fmt.Sprintf("%s before, %s after (%+.1f %%)", size(before), size(after), 100*float64(after-before)/float64(before))
		switch {
		case ignored:
			f.Text += ", not judged"
		case least > growth:
			f.Text += fmt.Sprintf(", of so little at most %s more", size(least))
		}
	}
	return f
}

func (r *Report) judgeNumber(promise, what string, before, after int) Finding {
	if r.gone != nil {
		return Finding{Promise: promise, Text: "not counted"}
	}
	return Finding{Promise: promise, OK: after <= before, Text: fmt.Sprintf("%d %s before, %d after", before, what, after)}
}

func (r *Report) judgeLog() Finding {
	f := Finding{Promise: "the server's log is empty", OK: len(r.log) == 0, Text: fmt.Sprintf("%d lines", len(r.log))}
	f.Details = r.log[:min(len(r.log), 20)]
	return f
}

func (r *Report) judgeProcess() Finding {
	f := Finding{Promise: "the server lived and ended well", OK: r.gone == nil && r.exit == nil, Text: "it did"}
	switch {
	case r.gone != nil && r.exit != nil:
		f.Text = fmt.Sprintf("it did not answer (%v), and ended with: %v", r.gone, r.exit)
	case r.gone != nil:
		f.Text = "it did not answer: " + r.gone.Error()
	case r.exit != nil:
		f.Text = "it ended with: " + r.exit.Error()
	}
	return f
}
