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
	Config Config
	Took   time.Duration // the soak, until the last client was done

	// The server's process before any connection, after the warm-up, and at the end.
	Cold, Before, After Snapshot

	warm, main *tally
	stalls     stallWatch // of the clients' process
	log        []string   // lines of faults
	exit       error      // how the process ended, if not well
	gone       error      // why it stopped answering, if it did
}

// Print writes the figures and then the findings, a line each.
func (r *Report) Print(w io.Writer) {
	t, c := r.main, &r.Config
	p := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	p("soak", "%d connections, %d of them abusive, for %v; seed %d%s", c.Conns, c.abusers(), r.Took.Round(time.Second), c.Seed, tlsNote(c))
	p("connections", "%s of good clients, %s of them reconnects", group(t.connections.Load()), group(t.reconnects.Load()))
	p("messages", "%s sent, %s echoed, %s of topics; %s in streams; %s pings",
		group(t.sent.Load()), group(t.received.Load()), group(t.topic.Load()), group(t.streams.Load()), group(t.pings.Load()))
	p("bytes", "%s sent, %s received", size(t.bytesOut.Load()), size(t.bytesI.Load()))
	r.printServer(p)
	clients, server := time.Duration(r.stalls.longest.Load()), time.Duration(r.After.Stall)
	p("machine", "let the clients wait for up to %v, and the server for %v", clients.Round(time.Millisecond), server.Round(time.Millisecond))
	if c.abusers() > 0 {
		r.printAbuses(w)
	}
	fmt.Fprintln(w)
	for _, f := range r.Findings() {
		verdict := "ok  "
		if !f.OK {
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-42s %s\n", verdict, f.Promise, f.Text)
		for _, d := range f.Details {
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
		size(r.Cold.Heap), size(r.Before.Heap), size(r.After.Heap), size(r.Cold.RSS), size(r.Before.RSS), size(r.After.RSS))
	p("", "runtime's tables %s, %s, %s; stacks %s, %s, %s",
		size(r.Cold.Tables), size(r.Before.Tables), size(r.After.Tables), size(r.Cold.Stacks), size(r.Before.Stacks), size(r.After.Stacks))
	p("", "goroutines %d, %d, %d; files %d, %d, %d",
		r.Cold.Goroutines, r.Before.Goroutines, r.After.Goroutines, r.Cold.Files, r.Before.Files, r.After.Files)
	in, out := r.After.In-r.Before.In, r.After.Out-r.Before.Out
	cpu := time.Duration(r.After.CPU - r.Before.CPU)
	if n := in + out; n > 0 && cpu > 0 {
		p("processor", "%v for %s messages in and %s out, handshakes, abuses and all: %.1f µs each, %.0f %% of a core",
			cpu.Round(time.Millisecond), group(in), group(out), float64(cpu.Nanoseconds())/1e3/float64(n), 100*cpu.Seconds()/r.Took.Seconds())
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
