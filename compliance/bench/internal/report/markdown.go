package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// WriteMarkdown writes everything but the samples.
func (r *Report) WriteMarkdown(w io.Writer) error {
	_, err := io.WriteString(w, r.Summary()+r.details()+r.million())
	return err
}

// Summary returns a table of all rows and servers as Markdown, with the machine and the versions.
func (r *Report) Summary() string {
	var b strings.Builder
	for i, unit := range []Unit{Micros, KiB} {
		rows := r.rowsOf(unit)
		if len(rows) == 0 {
			continue
		}
		if i > 0 && b.Len() > 0 {
			b.WriteString("\n")
		}
		head := []string{"CPU time of a message", "base"}
		if unit == KiB {
			head = []string{"memory of a connection in KiB"}
		}
		servers := r.serversOf(rows)
		line(&b, append(head, servers...))
		line(&b, append([]string{"---"}, slices.Repeat([]string{"--:"}, len(head)-1+len(servers))...))
		for _, row := range rows {
			cells := []string{row.Title}
			if unit == Micros {
				cells = append(cells, row.base())
			}
			for _, s := range servers {
				cells = append(cells, row.text(s))
			}
			line(&b, cells)
			if collected := row.collected(servers); collected != nil {
				line(&b, collected)
			}
		}
	}
	return b.String() + "\n" + r.about()
}

func line(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (r *Report) rowsOf(unit Unit) (rows []*Row) {
	for _, row := range r.Rows {
		if row.Unit == unit {
			rows = append(rows, row)
		}
	}
	return rows
}

// serversOf returns the servers that are in one of the rows.
func (r *Report) serversOf(rows []*Row) (servers []string) {
	for _, s := range r.Servers {
		if slices.ContainsFunc(rows, func(row *Row) bool { return row.Cells[s] != nil }) {
			servers = append(servers, s)
		}
	}
	return servers
}

// base returns the server with ratio 1, and its time.
func (row *Row) base() string {
	c := row.Cells[row.Base]
	if c == nil || len(c.Values) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s, %s µs", row.Base, number(c.Values.Median()))
}

// text returns a cell of the table: a ratio or an amount of memory.
func (row *Row) text(server string) string {
	c := row.Cells[server]
	switch {
	case c == nil:
		return "-"
	case c.Note == "declined":
		return "declined"
	case c.Note != "":
		return "failed"
	case row.Unit == KiB && len(c.Values) > 0:
		return number(c.Values.Median())
	case server == row.Base:
		return "1"
	}
	if ratio := row.Ratio(server); ratio != nil {
		return interval(ratio)
	}
	return "-"
}

// collected returns the line for the memory after a collection, or nil if it was not measured.
func (row *Row) collected(servers []string) []string {
	cells, measured := []string{"the same after a collection"}, false
	for _, s := range servers {
		text := "-"
		if c := row.Cells[s]; c != nil && len(c.Collected) > 0 {
			text, measured = number(c.Collected.Median()), true
		}
		cells = append(cells, text)
	}
	if !measured {
		return nil
	}
	return cells
}

// interval returns the median and its bounds.
func interval(s stats.Samples) string {
	low, high := s.Interval()
	return fmt.Sprintf("%s (%s to %s)", number(s.Median()), number(low), number(high))
}

// number returns a number with about three digits.
func number(x float64) string {
	switch {
	case x < 9.995:
		return fmt.Sprintf("%.2f", x)
	case x < 99.95:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// reps returns the number of repetitions of rows.
func (r *Report) reps(unit Unit) (n int) {
	for _, row := range r.rowsOf(unit) {
		for _, c := range row.Cells {
			n = max(n, len(c.Values))
		}
	}
	return n
}

// about returns where and when the run took place, and what was measured.
func (r *Report) about() string {
	reps, memoryReps := r.reps(Micros), r.reps(KiB)
	of := ""
	switch {
	case reps == 0:
		reps = memoryReps
	case memoryReps > 0 && memoryReps != reps:
		of = fmt.Sprintf(" (%d of memory)", memoryReps)
	}
	var versions []string
	for _, s := range r.Servers {
		if v := r.Versions[s]; v != "" {
			versions = append(versions, s+" "+v)
		}
	}
	meaning := "contain the true median with 95 % confidence"
	if reps < 6 {
		meaning = "have the smallest and the largest"
	}
	if len(versions) == 0 {
		versions = []string{"none"}
	}
	return fmt.Sprintf("Measured on %s with %s on %d cores of %s, %s: the medians of %d repetitions%s, with intervals "+
		"that %s. Versions: %s.\n",
		r.Date.Format("2006-01-02"), r.Machine.Go, r.Machine.Cores, r.Machine.CPU, r.Machine.Kernel, reps, of, meaning,
		strings.Join(versions, ", "))
}

// details returns all other measurements.
func (r *Report) details() string {
	var b strings.Builder
	for _, row := range r.rowsOf(Micros) {
		fmt.Fprintf(&b, "\n### %s\n\n", row.Title)
		line(&b, []string{"server", "CPU µs", "÷ " + row.Base, "reads and writes", "allocations", "p50 µs", "p99 µs"})
		line(&b, append([]string{"---"}, slices.Repeat([]string{"--:"}, 6)...))
		for _, s := range r.serversOf([]*Row{row}) {
			c := row.Cells[s]
			if c.Note != "" {
				line(&b, []string{s, c.Note, "", "", "", "", ""})
				continue
			}
			line(&b, []string{s, median(c.Values), row.text(s), median(c.Calls), median(c.Mallocs),
				median(c.P50), median(c.P99)})
		}
	}
	for _, scale := range r.Scales {
		fmt.Fprintf(&b, "\n### %s\n\n", scale.Title)
		scale.table(&b, r.Servers)
	}
	return b.String()
}

func median(s stats.Samples) string {
	if len(s) == 0 {
		return "-"
	}
	return number(s.Median())
}

// table writes a line for each server.
func (s *Scale) table(b *strings.Builder, servers []string) {
	head := []string{s.X}
	for _, x := range s.xs() {
		head = append(head, whole(x))
	}
	line(b, head)
	line(b, append([]string{"---"}, slices.Repeat([]string{"--:"}, len(head)-1)...))
	for _, server := range servers {
		if len(s.Points[server]) == 0 {
			continue
		}
		cells := []string{server}
		for _, x := range s.xs() {
			text := "-"
			for _, p := range s.Points[server] {
				if p.X == x {
					text = median(p.Values)
				}
			}
			cells = append(cells, text)
		}
		line(b, cells)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(b, "\n%s\n", n)
	}
}

// whole returns a number without an exponent.
func whole(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// xs returns the sizes of all loads in order.
func (s *Scale) xs() (xs []float64) {
	for _, points := range s.Points {
		for _, p := range points {
			xs = append(xs, p.X)
		}
	}
	slices.Sort(xs)
	return slices.Compact(xs)
}

// Insert replaces the lines of a document between one that contains begin and one that contains end.
func Insert(doc, begin, end, text string) (string, error) {
	before, rest, found := strings.Cut(doc, begin+"\n")
	_, after, closed := strings.Cut(rest, end+"\n")
	if !found || !closed {
		return "", fmt.Errorf("the document has no line %q followed by a line %q", begin, end)
	}
	return before + begin + "\n" + text + end + "\n" + after, nil
}
