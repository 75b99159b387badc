package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/report"
)

// tested are the cases that the test runs with HAWSER_FULL. The command runs the rest: most
// of the many cases on UTF-8, and those that send large messages.
var tested = []string{
	"1.*", "2.*", "3.*", "4.*", "5.*", "6.1.*", "6.2.*", "6.3.*", "6.4.*", "6.5.*", "6.10.*", "6.20.*",
	"7.*", "9.1.1", "9.3.5", "9.5.6", "9.7.1", "10.*", "12.1.1", "13.3.1",
}

// fewer are the cases for x/net, which falls short in half of the cases, each of which then
// takes until a timeout.
var fewer = []string{"1.*", "2.*", "3.*", "4.1.*", "5.*", "6.2.*", "6.4.*", "7.1.*", "7.9.*", "13.1.1"}

// quick are the cases without HAWSER_FULL: a few of each group, without long waits.
var quick = []string{
	"1.1.*", "1.2.1", "2.1", "2.5", "3.2", "4.1.1", "4.2.1", "5.1", "5.6", "6.2.*", "6.4.1",
	"7.1.1", "7.3.*", "7.7.1", "7.9.1", "10.*", "12.1.1", "13.3.1",
}

// fewest are the cases for x/net without HAWSER_FULL.
var fewest = []string{"1.1.*", "1.2.1", "2.1", "3.2", "7.1.1"}

// TestAgreement runs hawser's suite on the Go peers and compares its verdicts with the stored
// verdicts of the original.
func TestAgreement(t *testing.T) {
	for _, p := range peers.All() {
		if !p.Go() {
			continue
		}
		p.Version = required(t, p.Library) // before the sides, which run in parallel
		for _, s := range []side{server, client} {
			r := run{p.Name, s}
			if s == server && p.Serve == nil || s == client && p.Drive == nil {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", r.Peer, r.Side), func(t *testing.T) { testAgreement(t, p, r) })
		}
	}
}

func testAgreement(t *testing.T, p *peers.Peer, r run) {
	t.Parallel()
	agent, original, err := stored(r)
	if err != nil {
		t.Fatal(err)
	}
	if agent != p.Agent() {
		t.Errorf("the stored verdicts are on %s, not on %s; update them with -update", agent, p.Agent())
	}
	patterns := quick
	switch full := os.Getenv("HAWSER_FULL") != ""; {
	case full && r.Peer == "xnet":
		patterns = fewer
	case full:
		patterns = tested
	case r.Peer == "xnet":
		patterns = fewest
	}
	ids, err := autobahn.ExpandCases(patterns, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(original, func(id string, _ verdict) bool { return !slices.Contains(ids, id) })
	c := &config{out: t.TempDir(), env: &peers.Env{Cache: t.TempDir()}, stored: true}
	results, err := c.native(t.Context(), p, r.Side, ids, "native")
	if err != nil {
		t.Fatal(err)
	}
	native := fromResults(results)
	compared := compare(r, p.Agent(), original, native)
	if err := c.settle(t.Context(), p, compared, original, native); err != nil {
		t.Fatal(err)
	}
	for _, d := range compared.Unequal {
		if d.Reason == "" {
			t.Errorf("case %s: %s of the original is %s, ours is %s", d.Case, d.Field, d.Original, d.Native)
		}
	}
	if len(compared.Missing) > 0 {
		t.Errorf("only one suite has verdicts on %v", compared.Missing)
	}
	for _, k := range knownDifferences {
		if !k.varies && k.forRun(r) && !slices.ContainsFunc(compared.Unequal, k.explains) &&
			slices.ContainsFunc(ids, func(id string) bool { return fits(k.cases, id) }) {
			t.Errorf("a known difference did not occur: %+v", k)
		}
	}
}

// required returns the version of a package that go.mod requires. The build information of
// a test does not have it.
func required(t *testing.T, library string) string {
	data, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 2 && strings.HasPrefix(library+"/", f[0]+"/") {
			return f[1]
		}
	}
	t.Fatalf("go.mod does not require %s", library)
	return ""
}

// TestStored checks that the stored verdicts on every peer are complete.
func TestStored(t *testing.T) {
	want, err := autobahn.ExpandCases(expandDigits(usual), nil)
	if err != nil {
		t.Fatal(err)
	}
	servers, clients := 0, 0
	for _, p := range peers.All() {
		for _, s := range []side{server, client} {
			if s == server && p.Serve == nil || s == client && p.Drive == nil {
				continue
			}
			agent, v, err := stored(run{p.Name, s})
			if err != nil {
				t.Error(err)
				continue
			}
			if name, _, _ := strings.Cut(agent, " "); name != p.Name {
				t.Errorf("%s has the verdicts on %q", run{p.Name, s}.file(), agent)
			}
			for _, id := range want {
				if v[id].Behavior == "" || v[id].Close == "" {
					t.Errorf("%s %s has no verdict on %s", p.Name, s, id)
				}
			}
			if s == server {
				servers++
			} else {
				clients++
			}
		}
	}
	if servers < 15 || clients < 14 {
		t.Errorf("%d servers and %d clients, want 15 and 14 or more", servers, clients)
	}
}

// TestCompare compares verdicts with each kind of difference.
func TestCompare(t *testing.T) {
	had := knownDifferences
	defer func() { knownDifferences = had }()
	knownDifferences = []known{
		{peer: "p*", cases: "7.*", field: behaviorClose, native: "OK", reason: "Because."},
		{cases: "3.*", field: behavior, original: "NON-STRICT", native: "OK",
			either: true, reason: "A race."},
	}

	original := verdicts{
		"1.1.1": {"OK", "OK", 1000},
		"2.1":   {"OK", "OK", 1000},
		"3.2":   {"NON-STRICT", "OK", 1002},
		"3.3":   {"OK", "OK", 1002},
		"3.4":   {"OK", "OK", 1002},
		"6.4.1": {"NON-STRICT", "OK", 1007},
		"7.1.1": {"OK", "UNCLEAN", none},
		"7.1.2": {"OK", "UNCLEAN", none},
		"9.1.1": {"OK", "OK", 1000},
	}
	native := verdicts{
		"1.1.1":  {"OK", "OK", 1000},
		"2.1":    {"OK", "OK", 1001},
		"3.2":    {"OK", "OK", 1002},
		"3.3":    {"NON-STRICT", "OK", 1002},
		"3.4":    {"FAILED", "OK", 1002},
		"6.4.1":  {"OK", "OK", 1007},
		"7.1.1":  {"OK", "OK", 1000},
		"7.1.2":  {"OK", "FAILED", none},
		"10.1.1": {"OK", "OK", 1000},
	}
	compared := compare(run{"peer", server}, "peer 1", original, native)
	if compared.Cases != 8 || compared.Codes != 6 {
		t.Errorf("%d cases, %d with equal codes, want 8 and 6", compared.Cases, compared.Codes)
	}
	r := run{"peer", server}
	want := []difference{
		{r, "3.2", behavior, "NON-STRICT", "OK", "A race."},
		{r, "3.3", behavior, "OK", "NON-STRICT", "A race."},
		{r, "3.4", behavior, "OK", "FAILED", ""},
		{r, "6.4.1", behavior, "NON-STRICT", "OK", ""},
		{r, "7.1.1", behaviorClose, "UNCLEAN", "OK", "Because."},
		{r, "7.1.2", behaviorClose, "UNCLEAN", "FAILED", ""},
	}
	if diff := cmp.Diff(want, compared.Unequal); diff != "" {
		t.Errorf("unequal verdicts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"9.1.1", "10.1.1"}, compared.Missing); diff != "" {
		t.Errorf("missing verdicts (-want +got):\n%s", diff)
	}
	if n := compared.unexplained(); n != 5 {
		t.Errorf("%d are not explained, want 5", n)
	}
	theirs, ours := make(seen), make(seen)
	theirs.add("6.4.1", verdict{Behavior: "NON-STRICT"})
	ours.add("6.4.1", verdict{Behavior: "OK"})
	compared.explainVarying(theirs, ours)
	if diff := cmp.Diff([]string{"3.4", "6.4.1", "7.1.2"}, compared.open()); diff != "" {
		t.Errorf("open cases (-want +got):\n%s", diff)
	}
	var b strings.Builder
	if err := writeTable(&b, []*tally{compared}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| peer 1 | server | OK 6, NON-STRICT 2 | 8 | 4 | 4 | 6 | 2 | 6 | 5 |",
		"- 6.4.1: behavior of the original is NON-STRICT, ours is OK. NOT EXPLAINED",
		"- 7.1.1: behaviorClose of the original is UNCLEAN, ours is OK. Because.",
		"- only one suite has a verdict: 9.1.1, 10.1.1",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, &b)
		}
	}
	theirs.add("6.4.1", verdict{Behavior: "OK"})
	compared.explainVarying(theirs, ours)
	if diff := cmp.Diff([]string{"3.4", "7.1.2"}, compared.open()); diff != "" {
		t.Errorf("open cases after one has varied (-want +got):\n%s", diff)
	}
}

// TestBadFlags checks that invalid flags, and flags that cannot be combined, are an error.
func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{
		{"-peers", "nobody"}, {"-sides", "middle"}, {"-full", "-cases", "1.*"}, {"-stored", "-update", "."},
		{"-install", "-load", "4"}, {"-load", "-1"}, {"1.*"},
	} {
		var out, errs strings.Builder
		status := command(t.Context(), args, &out, &errs)
		if status != 2 || !strings.Contains(errs.String(), "agreement: ") {
			t.Errorf("%v: status %d, %q", args, status, &errs)
		}
	}
}

// TestStore checks that store keeps the verdicts on other cases.
func TestStore(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(path.Join(dir, storedDir), 0o755); err != nil {
		t.Fatal(err)
	}
	r := run{"peer", client}
	code := 1000
	for _, id := range []string{"2.1", "1.1.1", "10.1.1"} {
		e := report.Entry{
			Behavior: report.OK, BehaviorClose: report.OK, RemoteCloseCode: &code, ReportFile: "x.json",
		}
		if err := store(dir, r, "peer 1", map[string]report.Entry{id: e}); err != nil {
			t.Fatal(err)
		}
	}
	index, err := report.ReadIndex(path.Join(dir, storedDir, r.file()))
	if err != nil {
		t.Fatal(err)
	}
	e := report.Entry{Behavior: report.OK, BehaviorClose: report.OK, RemoteCloseCode: &code}
	want := report.Index{"peer 1": {"1.1.1": e, "2.1": e, "10.1.1": e}}
	if diff := cmp.Diff(want, index); diff != "" {
		t.Errorf("stored verdicts (-want +got):\n%s", diff)
	}
}
