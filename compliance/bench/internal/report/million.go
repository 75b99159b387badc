package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// The scales from which the cost of a million connections is estimated.
const (
	ByConns = "conns"  // CPU time of a message, by the number of connections
	Idle    = "memory" // memory of an idle connection, by the number of connections
)

const million = 1_000_000

// charts returns links to the charts of the scales.
func (r *Report) charts() string {
	var b strings.Builder
	for _, s := range r.Scales {
		fmt.Fprintf(&b, "\n![%s, by %s](%s.svg)\n", s.Title, s.X, s.Name)
		for _, n := range s.Notes {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	return b.String()
}

// million returns an estimate for a million connections, or nothing if the scales were not measured.
func (r *Report) million() string {
	cpu, memory := r.scale(ByConns), r.scale(Idle)
	if cpu == nil || memory == nil {
		return ""
	}
	kernel, kernelFrom := kernelKiB(memory)
	var b strings.Builder
	line(&b, []string{"server", "process, KiB a connection", "memory, GiB", "on each of ten, GiB", "CPU, µs a message",
		"messages a second, one core", "on ten machines, one core each"})
	line(&b, append([]string{"---"}, slices.Repeat([]string{"--:"}, 6)...))
	maxCPU, maxMemory := slices.Max(cpu.xs()), slices.Max(memory.xs())
	for _, server := range r.Servers {
		c, m := cpu.at(server, maxCPU), memory.at(server, maxMemory)
		if c == nil || m == nil {
			continue
		}
		user, micros := m.Values.Median(), c.Values.Median()
		gib := (user + kernel) * million / (1 << 20)
		line(&b, []string{server, number(user), number(gib), number(gib / 10), number(micros),
			thousands(1e6 / micros), thousands(1e7 / micros)})
	}
	return fmt.Sprintf("\n### One million connections\n\nThis estimate of %s extrapolates from fewer connections. A "+
		"million have not been opened.\n\n%s\nMeasured: the resident memory of the process for an idle connection, at "+
		"%s connections, and the CPU time of a message of 125 B, at %s connections. %s\n\n"+
		"Assumed: memory and CPU time stay the same up to a million connections. This is optimistic for the CPU time, "+
		"because the processor's caches hold less of each connection. No data waits in the buffers of sockets. "+
		"Interrupts of a network card cost what the loopback interface costs. If there are ten machines, each has "+
		"100,000 connections, and they share nothing.\n",
		r.Date.Format("2006-01-02"), b.String(), thousands(maxMemory), thousands(maxCPU), kernelFrom)
}

// kernelKiB returns the memory of the kernel for a connection, and a sentence that explains the figure. The memory
// does not depend on the server, so the figure is the median of all servers.
func kernelKiB(memory *Scale) (kib float64, from string) {
	var all stats.Samples
	for _, points := range memory.Points {
		for _, p := range points {
			if p.X == slices.Max(memory.xs()) {
				all = append(all, p.Kernel...)
			}
		}
	}
	if len(all) > 0 && all.Median() > 0 {
		kib = all.Median()
		return kib, fmt.Sprintf("The kernel's memory, %s KiB for the server's end of a connection, is half of the "+
			"growth of Slab in /proc/meminfo, because both ends were on this machine.", number(kib))
	}
	const assumed = 4
	return assumed, fmt.Sprintf("The kernel's memory was not measured, and is assumed to be %d KiB a connection.", assumed)
}

// scale returns the scale of that name, or nil if nothing was measured.
func (r *Report) scale(name string) *Scale {
	for _, s := range r.Scales {
		if s.Name == name && len(s.xs()) > 0 {
			return s
		}
	}
	return nil
}

// at returns the measurement of a server with one load, or nil.
func (s *Scale) at(server string, x float64) *Point {
	for _, p := range s.Points[server] {
		if p.X == x {
			return &p
		}
	}
	return nil
}

// thousands returns a whole number with commas.
func thousands(x float64) string {
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
