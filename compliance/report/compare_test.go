package report

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func entry(behavior, closing Verdict, code int) Entry {
	e := Entry{Behavior: behavior, BehaviorClose: closing}
	if code > 0 {
		e.RemoteCloseCode = &code
	}
	return e
}

// twoReports returns two reports with all kinds of differences.
func twoReports() (a, b Index) {
	a = Index{"server": {"1.1.1": entry(OK, OK, 1000), "1.1.10": entry(OK, OK, 1000),
		"1.1.2": entry(OK, Unclean, 0),
		"6.4.1": entry(NonStrict, OK, 1007), "9.1.1": entry(OK, OK, 1000)}}
	b = Index{"127.0.0.1:9001": {"1.1.1": entry(OK, OK, 1000), "1.1.10": entry(Failed, Failed, 1011),
		"1.1.2": entry(OK, OK, 1000),
		"6.4.1": entry(OK, OK, 1007), "H.1": entry(OK, OK, 0)}}
	return a, b
}

func ExampleCompare() {
	a := Index{"server": {"1.1.1": {Behavior: OK, BehaviorClose: OK},
		"6.4.1": {Behavior: NonStrict, BehaviorClose: OK}}}
	b := Index{"server": {"1.1.1": {Behavior: OK, BehaviorClose: OK},
		"6.4.1": {Behavior: OK, BehaviorClose: OK}}}
	c, err := Compare(a, b)
	if err != nil {
		panic(err)
	}
	c.WriteText(os.Stdout, false)
	// Output:
	// A: server
	// B: server
	// 1 of 2 cases equal; behavior differs in 1, behaviorClose in 0; B is worse in 0, better in 1.
	//
	// case   behavior A  B   behaviorClose A  B  code A  B
	// 6.4.1  NON-STRICT  OK  OK               =  none    =
}

func TestCompareText(t *testing.T) {
	c, err := Compare(twoReports())
	if err != nil {
		t.Fatal(err)
	}
	c.B = "original"
	var out strings.Builder
	if err := c.WriteText(&out, true); err != nil {
		t.Fatal(err)
	}
	want := `A: server
original: 127.0.0.1:9001
1 of 4 cases equal; behavior differs in 2, behaviorClose in 2; 1 in A only; 1 in original only; ` +
		`original is worse in 2, better in 2.

case    behavior A  original  behaviorClose A  original  code A  original
1.1.10  OK          FAILED    OK               FAILED    1000    1011
9.1.1   OK          -         OK               -         1000    -
6.4.1   NON-STRICT  OK        OK               =         1007    =
1.1.2   OK          =         UNCLEAN          OK        none    1000
H.1     -           OK        -                OK        -       none
1.1.1   OK          =         OK               =         1000    =
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
	if c.Equal() {
		t.Error("Equal reports true for different reports")
	}
	if diff := cmp.Diff(pairCounts{4, 1, 2, 2, 1, 1, 2, 2}, c.Pairs[0].counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestCompareWorse(t *testing.T) {
	of := func(behavior, closing Verdict) *Entry { return &Entry{Behavior: behavior, BehaviorClose: closing} }
	for _, tt := range []struct {
		a, b          *Entry
		worse, better bool
	}{
		{of(OK, OK), of(OK, OK), false, false},
		{of(OK, OK), of(Informational, Informational), false, false},
		{of(OK, OK), of(NonStrict, OK), true, false},
		{of(OK, OK), of(OK, Unclean), true, false},
		{of(OK, OK), of(Unimplemented, OK), true, false},
		{of(Unimplemented, OK), of(Failed, OK), true, false},
		{of(Failed, OK), of(Unimplemented, OK), false, true},
		{of(Failed, Failed), of(NonStrict, OK), false, true},
		{of(Failed, OK), of(OK, WrongCode), true, false},
		{of(OK, OK), nil, true, false},
		{of(Failed, OK), nil, false, false},
		{nil, of(Failed, Failed), false, false},
	} {
		r := Row{ID: "1.1.1", A: tt.a, B: tt.b}
		if r.worse() != tt.worse || r.better() != tt.better {
			t.Errorf("%v and %v: worse %v, better %v; want %v, %v", tt.a, tt.b, r.worse(), r.better(),
				tt.worse, tt.better)
		}
	}
	a, b := twoReports()
	for _, tt := range []struct {
		a, b  Index
		worse bool
	}{
		{a, a, false},
		{a, b, true},
		{Index{"x": nil, "y": nil}, Index{"x": nil}, true},
		{Index{"x": nil}, Index{"x": nil, "y": nil}, false},
	} {
		c, err := Compare(tt.a, tt.b)
		if err != nil || c.Worse() != tt.worse {
			t.Errorf("%v and %v: worse %v, %v", tt.a, tt.b, c.Worse(), err)
		}
	}
}

func TestCompareMarkdown(t *testing.T) {
	a, b := twoReports()
	a["other|one"] = nil
	b["server"], b["<i>\x1b[1m"] = b["127.0.0.1:9001"], nil
	delete(b, "127.0.0.1:9001")
	c, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.WriteMarkdown(&out, false); err != nil {
		t.Fatal(err)
	}
	want := `A: **server**, B: **server**. 1 of 4 cases equal; behavior differs in 2, behaviorClose in 2; ` +
		`1 in A only; 1 in B only; B is worse in 2, better in 2.

| case | behavior A | B | behaviorClose A | B | code A | B |
|---|---|---|---|---|---|---|
| 1.1.10 | OK | **FAILED** | OK | **FAILED** | 1000 | 1011 |
| 9.1.1 | OK | - | OK | - | 1000 | - |
| 6.4.1 | NON-STRICT | **OK** | OK | = | 1007 | = |
| 1.1.2 | OK | = | UNCLEAN | **OK** | none | 1000 |
| H.1 | - | OK | - | OK | - | none |

Agents in A only: other\|one.

Agents in B only: \<i>?\[1m.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
}

func TestCompareSame(t *testing.T) {
	a, _ := twoReports()
	a["second"] = map[string]Entry{"1.1.1": entry(OK, OK, 1000)}
	c, err := Compare(a, a)
	if err != nil || !c.Equal() || len(c.Pairs) != 2 {
		t.Fatalf("a report and itself: %+v, %v", c, err)
	}
	for _, write := range []func(*strings.Builder) error{
		func(b *strings.Builder) error { return c.WriteText(b, false) },
		func(b *strings.Builder) error { return c.WriteMarkdown(b, false) },
	} {
		var out strings.Builder
		if err := write(&out); err != nil || strings.Contains(out.String(), "case  ") ||
			strings.Contains(out.String(), "|") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
	if _, err := Compare(a, Index{"x": nil, "y": nil}); err == nil {
		t.Error("no agent in common: no error")
	}
	if err := c.WriteText(broken{}, true); err == nil {
		t.Error("a broken writer: no error")
	}
	if err := c.WriteMarkdown(broken{}, true); err == nil {
		t.Error("a broken writer: no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }
