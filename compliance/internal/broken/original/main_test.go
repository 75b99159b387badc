package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
)

// wstest returns the path in HAWSER_WSTEST, or skips the test.
func wstest(t *testing.T) string {
	t.Helper()
	path := os.Getenv("HAWSER_WSTEST")
	if path == "" {
		t.Skip("HAWSER_WSTEST is not set")
	}
	return path
}

// The original suite's verdicts on peers with and without a defect are those in the file.
func TestOriginal(t *testing.T) {
	a := &asker{wstest: wstest(t)}
	file, err := broken.ReadOriginal()
	if err != nil {
		t.Fatal(err)
	}
	const defect = "pong-empty"
	for _, role := range []string{"server", "client"} {
		right, _, err := a.ask(t.Context(), "", role, []string{"1.1.*", "2.*", "5.*", "7.*", "12.1.1"})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]broken.Verdict{}
		for id := range right {
			want[id] = file.Right[role][id]
		}
		if diff := cmp.Diff(want, right); diff != "" {
			t.Errorf("verdicts on a %s without a defect (-file +got):\n%s", role, diff)
		}
		got, _, err := a.ask(t.Context(), defect, role, []string{"2.1", "2.2", "2.9"})
		if err != nil {
			t.Fatal(err)
		}
		differs := file.Run(defect, role).Differs
		if got["2.1"] != right["2.1"] || got["2.2"] != differs["2.2"][0] || got["2.9"] != differs["2.9"][0] {
			t.Errorf("verdicts on a %s with %s: %q, the file has %q", role, defect, got, differs)
		}
	}
}

// A pattern that matches no defect runs nothing and leaves the file unchanged.
func TestNothingToAsk(t *testing.T) {
	before, err := os.ReadFile("../testdata/original.json")
	if err != nil {
		t.Fatal(err)
	}
	a := &asker{out: filepath.Join(t.TempDir(), "original.json")}
	if err := os.WriteFile(a.out, before, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.run(t.Context(), "no such", "", false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(a.file.Format())); diff != "" {
		t.Errorf("the file would change (-before +after):\n%s", diff)
	}
}
