package main

import (
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// TestLetters lists the verdicts on four peers. Equal verdicts are in one row, below their
// sentence and opinion.
func TestLetters(t *testing.T) {
	had := opinions
	defer func() { opinions = had }()
	opinions = []opinion{
		{cases: "H.1.*", peer: "b", text: "Only b is wrong."},
		{cases: "H.1.*", verdict: "FAILED", text: "The suite is right."},
		{cases: "H.2.1", rule: "MUST", text: "This is a MUST."},
		{cases: "H.2.1", peer: "a", rule: "SHOULD be", text: "This is a SHOULD."},
	}

	tested := &report.Rule{Section: "section 1", URL: "https://example.org/#1", Text: "It MUST\n   be so."}
	broken := &report.Rule{Section: "section 2", URL: "https://example.org/#2", Text: "It SHOULD be so."}
	cases := []*suite.Case{
		{ID: "H.1.1", Description: "First. More."}, {ID: "H.1.2", Description: "Second"},
		{ID: "H.2.1", Description: "Third"}, {ID: "H.2.2", Description: "Fourth"},
	}
	result := func(id string, v, end report.Verdict, text string) *report.Result {
		return &report.Result{ID: id, Behavior: v, BehaviorClose: end, Result: text, Rule: tested}
	}
	of := func(peer string) []*report.Result {
		odd := result("H.2.1", report.NonStrict, report.OK, "a|b")
		odd.Broken = broken
		return []*report.Result{
			result("H.1.1", report.Failed, report.OK, "accepted"),
			result("H.1.2", report.Failed, report.OK, "accepted by "+peer),
			odd, result("H.2.2", report.OK, report.OK, ""),
		}
	}
	var all []finding
	for _, peer := range []string{"a", "b", "c"} {
		all = append(all, findingsIn(run{peer, server}, peer+" 1", cases, of(peer))...)
	}
	unclean := result("H.2.2", report.OK, report.Unclean, "dropped")
	all = append(all, findingsIn(run{"d", client}, "d 1", cases, []*report.Result{unclean})...)
	got := string(lettersPage([]string{"a 1 (server)"}, all))
	const head = "| case | | verdict | peers | |\n|---|---|---|---|---|\n"
	for _, want := range []string{
		"Peers: a 1 (server).",
		"## section 1\n\n> It MUST be so.\n\nThe suite is right.\n",
		"| H.1.1 | First | FAILED | a server, c server | accepted |\n" +
			"| H.1.2 | Second | FAILED | a server | accepted by a |\n",
		"Only b is wrong.\n\n" + head + "| H.1.1 | First | FAILED | b server | accepted |\n",
		"## section 2\n\n> It SHOULD be so.\n\nThis is a SHOULD.\n\n" + head +
			"| H.2.1 | Third | NON-STRICT | a server | a\\|b |\n",
		"## section 2\n\n> It SHOULD be so.\n\nNo opinion yet.\n",
		"| H.2.1 | Third | NON-STRICT | b server, c server | a\\|b |\n",
		"| H.2.2 | Fourth | OK, close UNCLEAN | d client | dropped |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the list lacks %q:\n%s", want, got)
		}
	}
}
