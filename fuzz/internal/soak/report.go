package soak

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Report is what a soak has seen.
type Report struct {
	config Config
	took   time.Duration // the soak, until the last client was done

	// The server's process before any connection, after the warm-up, and at the end.
	cold, before, after snapshot

	warm, main *tally
	stalls     stallWatch // of the clients' process
	log        []string   // lines of faults
	exit       error      // how the process ended, if not well
	gone       error      // why it stopped answering, if it did
}

// Print writes the figures and then the findings, a line each.
func (r *Report) Print(w io.Writer) {
	t, c := r.main, &r.config
	p := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	p("soak", "%d connections, %d of them abusive, for %v; seed %d%s", c.Conns, c.abusers(), r.took.Round(time.Second), c.Seed, tlsNote(c))
	p("connections", "%s of good clients, %s of them reconnects", group(t.connections.Load()), group(t.reconnects.Load()))
	p("messages", "%s sent, %s echoed, %s of topics; %s in streams; %s pings",
		group(t.sent.Load()), group(t.received.Load()), group(t.topic.Load()), group(t.streams.Load()), group(t.pings.Load()))
	p("bytes", "%s sent, %s received", size(t.bytesOut.Load()), size(t.bytesIn.Load()))
	r.printServer(p)
	clients, server := time.Duration(r.stalls.longest.Load()), time.Duration(r.after.Stall)
	p("machine", "let the clients wait for up to %v, and the server for %v", clients.Round(time.Millisecond), server.Round(time.Millisecond))
	if c.abusers() > 0 {
		r.printAbuses(w)
	}
	fmt.Fprintln(w)
	for _, f := range r.findings() {
		verdict := "ok  "
		if !f.ok {
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-42s %s\n", verdict, f.promise, f.text)
		for _, d := range f.details {
			fmt.Fprintf(w, "        %s\n", d)
		}
	}
	if !r.OK() && max(clients, server) > muchStall {
		fmt.Fprintln(w, "\nThe machine was so busy that timeouts may have passed for no other reason. A quieter one, or a smaller -rate, would tell.")
	}
}

// muchStall is how long a process that has a share of a processor never waits.
const muchStall = 2 * time.Second

func (r *Report) printServer(p func(name, format string, args ...any)) {
	p("server", "live heap %s cold, %s before, %s after; resident set %s, %s, %s",
		size(r.cold.Heap), size(r.before.Heap), size(r.after.Heap), size(r.cold.RSS), size(r.before.RSS), size(r.after.RSS))
	p("", "runtime's tables %s, %s, %s; stacks %s, %s, %s",
		size(r.cold.Tables), size(r.before.Tables), size(r.after.Tables), size(r.cold.Stacks), size(r.before.Stacks), size(r.after.Stacks))
	p("", "goroutines %d, %d, %d; files %d, %d, %d",
		r.cold.Goroutines, r.before.Goroutines, r.after.Goroutines, r.cold.Files, r.before.Files, r.after.Files)
	in, out := r.after.In-r.before.In, r.after.Out-r.before.Out
	cpu := time.Duration(r.after.CPU - r.before.CPU)
	if n := in + out; n > 0 && cpu > 0 {
		p("processor", "%v for %s messages in and %s out, handshakes, abuses and all: %.1f µs each, %.0f %% of a core",
			cpu.Round(time.Millisecond), group(in), group(out), float64(cpu.Nanoseconds())/1e3/float64(n), 100*cpu.Seconds()/r.took.Seconds())
	}
}

func (r *Report) printAbuses(w io.Writer) {
	fmt.Fprintf(w, "\n%-44s %-18s %8s %8s\n", "abuse", "must be met with", "was", "was not")
	for i, a := range abuses {
		fmt.Fprintf(w, "%-44s %-18s %8d %8d\n", a.name, a.must, r.main.abused[i].Load(), r.main.bad[i])
	}
}

func tlsNote(c *Config) string {
	if c.Server.TLS {
		return "; over TLS"
	}
	return ""
}

// size prints a number of bytes.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}

// group prints a number with commas.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
