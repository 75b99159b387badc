package middleware

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	guide = "../../examples/guides/middleware.md"
	begin = "<!-- Made by go test ./compliance/middleware -update -->\n\n"
	end   = "\n<!-- End of the table -->\n"

	otherOrigin = "https://other.example"
)

var update = flag.Bool("update", false, "rewrite the table in "+guide)

// TestTable measures every stack and compares the results with the guide's table.
func TestTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("| stack | WebSocket | upgrade | 403 " +
		"| request ends with Handler | request ends with Hold or Accept |\n")
	b.WriteString("|---|---|---|---|---|---|\n")
	for _, s := range stacks {
		fmt.Fprintf(&b, "| %s | %s |\n", s.name, strings.Join(row(t, s), " | "))
	}
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	table, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table between %q and %q", guide, begin, end)
	}
	switch {
	case table == b.String():
	case *update:
		if err := os.WriteFile(guide, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the table in %s is out of date: run go test ./compliance/middleware -update", guide)
		t.Errorf("(-guide +measured)\n%s", cmp.Diff(table, b.String()))
	}
}

// row measures a stack and returns the cells of its row without the name.
func row(t *testing.T, s stack) []string {
	t.Helper()
	var opens, status, refusal, ends [len(ways)]string
	for _, way := range ways {
		m := measure(t, s, way, "")
		ends[way] = nothing
		switch m.Status {
		case 0:
			opens[way] = "panic"
			if !strings.HasPrefix(m.Log, "http: panic serving ") {
				t.Errorf("%s, %v: no response and no panic; net/http logged %q", s.name, way, m.Log)
			}
		case http.StatusSwitchingProtocols:
			opens[way] = "opens"
			ends[way] = "at once"
			if m.Outlived {
				ends[way] = "with the connection"
			}
			if m.Log != "" {
				t.Errorf("%s, %v: net/http logged %q", s.name, way, m.Log)
			}
		default:
			opens[way] = fmt.Sprint(m.Status)
		}
		status[way] = m.Recorded

		m = measure(t, s, way, otherOrigin)
		if m.Status != http.StatusForbidden {
			t.Errorf("%s, %v: a page of another origin got %d", s.name, way, m.Status)
		}
		refusal[way] = m.Recorded
	}
	return []string{
		same(t, s, opens[:]), same(t, s, status[:]), same(t, s, refusal[:]),
		ends[detached], same(t, s, ends[held:]),
	}
}

// same returns the value of cells, which must all be equal, because the table has one column for them.
func same(t *testing.T, s stack, cells []string) string {
	t.Helper()
	for _, c := range cells {
		if c != cells[0] {
			t.Errorf("%s: results differ: %q", s.name, cells)
		}
	}
	return cells[0]
}
