package soak

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Report is the result of a soak.
type Report struct {
	config Config
	took   time.Duration // of the soak without its warm-up, until the last client ended

	// The server's process before the first connection, after the warm-up, and at the end.
	cold, before, after snapshot

	warm, main   *tally
	stalls       stallWatch // of the clients' process
	log          []string   // errors that the server logged
	exit         error      // from the server's process, if it failed
	unresponsive error      // why the server stopped answering, if it did
}

// Print writes the figures of the soak, then a line for each promise.
func (r *Report) Print(w io.Writer) {
	t, c := r.main, &r.config
	p := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w)
	p("soak", "%d connections, %d of them abusive, for %v; seed %d%s",
		c.Conns, c.abusers(), r.took.Round(time.Second), c.Seed, tlsNote(c))
	p("connections", "%s by good clients, %s of them reconnects",
		group(t.connections.Load()), group(t.reconnects.Load()))
	p("messages", "%s sent, %s echoed, %s received from topics; %s streamed; %s pings",
		group(t.sent.Load()), group(t.received.Load()), group(t.topic.Load()),
		group(t.streams.Load()), group(t.pings.Load()))
	p("keepalive", "%s pings answered", group(r.after.Pongs-r.before.Pongs))
	p("bytes", "%s sent, %s received", size(t.bytesOut.Load()), size(t.bytesIn.Load()))
	r.printServer(p)
	clients, server := time.Duration(r.stalls.longest.Load()), time.Duration(r.after.Stall)
	p("machine", "longest stall: clients %v, server %v",
		clients.Round(time.Millisecond), server.Round(time.Millisecond))
	if c.abusers() > 0 {
		r.printAbuses(w)
	}
	fmt.Fprintln(w)
	for _, f := range r.findings() {
		verdict := "ok  "
		if !f.ok {
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "%s  %-44s %s\n", verdict, f.promise, f.text)
		for _, d := range f.details {
			fmt.Fprintf(w, "        %s\n", d)
		}
	}
	if !r.OK() && max(clients, server) > notableStall {
		fmt.Fprintln(w, "\nThe machine was very busy, which alone can make timeouts expire.\n"+
			"Try again on an idle machine or with a smaller -rate.")
	}
}

// notableStall is a stall that suggests an overloaded machine.
const notableStall = 2 * time.Second

func (r *Report) printServer(p func(name, format string, args ...any)) {
	cold, before, after := &r.cold, &r.before, &r.after
	p("server", "live heap %s cold, %s before, %s after; resident set %s, %s, %s",
		size(cold.Heap), size(before.Heap), size(after.Heap),
		size(cold.RSS), size(before.RSS), size(after.RSS))
	p("", "runtime's tables %s, %s, %s; stacks %s, %s, %s",
		size(cold.Tables), size(before.Tables), size(after.Tables),
		size(cold.Stacks), size(before.Stacks), size(after.Stacks))
	p("", "goroutines %d, %d, %d; files %d, %d, %d",
		cold.Goroutines, before.Goroutines, after.Goroutines, cold.Files, before.Files, after.Files)
	in, out := after.In-before.In, after.Out-before.Out
	cpu := time.Duration(after.CPU - before.CPU)
	if n := in + out; n > 0 && cpu > 0 {
		p("processor", "%v (%.0f %% of a core) for %s messages in and %s out:",
			cpu.Round(time.Millisecond), 100*cpu.Seconds()/r.took.Seconds(), group(in), group(out))
		p("", "%.1f µs for each, including handshakes and abuse", float64(cpu.Nanoseconds())/1e3/float64(n))
	}
}

func (r *Report) printAbuses(w io.Writer) {
	fmt.Fprintf(w, "\n%-44s %-18s %8s %8s\n", "abuse", "required", "ok", "failed")
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

// size formats a number of bytes.
func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
}

// group formats a number with commas.
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
