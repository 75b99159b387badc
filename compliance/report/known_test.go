package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKnown(t *testing.T) {
	const text = `2.10     OK, close FAILED BY CLIENT # needs #12
6.4.1    NON-STRICT, close OK       # checks UTF-8 at the end of a message
7.1.1                               # any verdict
7.1.2    varies                     # a race
10.1.1
`
	want := map[string]Known{
		"2.10":   {OK, FailedByClient, false, "needs #12"},
		"6.4.1":  {NonStrict, OK, false, "checks UTF-8 at the end of a message"},
		"7.1.1":  {Reason: "any verdict"},
		"7.1.2":  {Varies: true, Reason: "a race"},
		"10.1.1": {},
	}
	got, err := ParseKnown(strings.NewReader("# Known cases.\n\n" + strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("known cases (-want +got):\n%s", diff)
	}
	var b strings.Builder
	if err := WriteKnown(&b, want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, b.String()); diff != "" {
		t.Errorf("written list (-want +got):\n%s", diff)
	}
	const form = `; want verdicts like "NON-STRICT, close OK" or the word varies`
	for text, want := range map[string]string{
		"1.1.1\n1.1.1":               "line 2: case 1.1.1 is listed twice",
		"1.1.1 FAILED":               `line 1: invalid verdicts "FAILED"` + form,
		"\n1.1.1 BAD, close OK":      `line 2: invalid verdicts "BAD, close OK"` + form,
		"1.1.1 FAILED, close BAD #x": `line 1: invalid verdicts "FAILED, close BAD"` + form,
	} {
		if _, err := ParseKnown(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}
