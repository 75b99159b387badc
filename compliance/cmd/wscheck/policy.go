package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// policyHelp is the part of the help about the verdicts that fail a run.
const policyHelp = `Each case has two verdicts, on behavior and on closing. -profile determines which cases
run and which verdicts fail the run. -fail-on overrides the latter.

  profile   cases        fails on
  default   all          FAILED, UNCLEAN, FAILED BY CLIENT, NON-STRICT, WRONG CODE
  lenient   all          FAILED, UNCLEAN, FAILED BY CLIENT (-fail-on failed)
  strict    all          all but OK and INFORMATIONAL (-fail-on unimplemented)
  autobahn  1.* to 13.*  as default, and messages that are refused as too big

UNIMPLEMENTED means that the peer declined what the case tests, such as compression.
Such a case is skipped, except with -fail-on unimplemented. The profiles default and
lenient also skip a case if the peer refuses a message of 4 KiB or more with status code
1009 (too big), because RFC 6455, section 10.4, allows limits.

-known names a file that lists cases that may fall short, one per line: the id, the
verdicts, and the reason after a number sign. A listed case fails the run if it passes,
does not run, or has other verdicts. With the word varies instead of verdicts, it may
also pass. With -cases, entries for other cases are ignored. 'wscheck known' writes such
a file from a report.
`

// A profile is a policy and the cases to run.
type profile struct {
	policy   report.Policy
	numbered bool // run only the cases of the original suite
}

// profiles are the values of -profile.
var profiles = map[string]profile{
	"default":  {policy: report.Policy{FailOn: report.NonStrict}},
	"lenient":  {policy: report.Policy{FailOn: report.Failed}},
	"strict":   {policy: report.Policy{FailOn: report.Unimplemented}},
	"autobahn": {policy: report.Policy{FailOn: report.NonStrict, AnySize: true}, numbered: true},
}

// policyFlags declares -profile and -fail-on; name is the default profile.
func (f *runFlags) policyFlags(name string) {
	f.set.StringVar(&f.profile, "profile", name,
		"`NAME` of the profile: default, lenient, strict or autobahn")
	f.set.StringVar(&f.failOn, "fail-on", "",
		"mildest `VERDICT` that fails the run: failed, non-strict or unimplemented\n"+
			"(default: depends on -profile)")
}

// setPolicy sets the policy from the flags.
func (f *runFlags) setPolicy() (err error) {
	p, ok := profiles[f.profile]
	if !ok {
		return fmt.Errorf("-profile must be default, lenient, strict or autobahn, not %q", f.profile)
	}
	f.policy, f.numbered = p.policy, p.numbered
	if f.failOn != "" {
		f.policy.FailOn = report.Verdict(strings.ToUpper(f.failOn))
		if !slices.Contains([]report.Verdict{report.Failed, report.NonStrict, report.Unimplemented},
			f.policy.FailOn) {
			return fmt.Errorf("-fail-on must be failed, non-strict or unimplemented, not %q", f.failOn)
		}
	}
	if f.known != "" {
		f.policy.Known, err = readKnown(f.known)
	}
	if f.given("cases") { // entries for other cases are not stale
		maps.DeleteFunc(f.policy.Known, func(id string, _ report.Known) bool {
			return !slices.ContainsFunc(list(f.cases), func(p string) bool { return suite.Match(p, id) })
		})
	}
	return err
}

// readKnown reads a file of known cases, which must be cases of the suite.
func readKnown(path string) (map[string]report.Known, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("-known: %w", err)
	}
	defer file.Close()
	known, err := report.ParseKnown(file)
	if err != nil {
		return nil, fmt.Errorf("-known: %s: %w", path, err)
	}
	for id := range known {
		if strings.Contains(id, "*") {
			return nil, fmt.Errorf("-known: %s: %q must be the id of one case", path, id)
		}
		if _, err := suite.Cases([]string{id}, nil); err != nil {
			return nil, fmt.Errorf("-known: %s: %w; 'wscheck cases' lists them", path, err)
		}
	}
	return known, nil
}

// passes reports whether a result does not fail the run.
func (f *runFlags) passes(r *report.Result) bool { return f.policy.Outcome(r) != report.Short }

// ids returns the ids of cases.
func ids(cases []*suite.Case) (ids []string) {
	for _, c := range cases {
		ids = append(ids, c.ID)
	}
	return ids
}
