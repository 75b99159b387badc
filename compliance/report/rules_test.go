package report

import "testing"

func TestVerdictRule(t *testing.T) {
	tested, broken := &Rule{Text: "tested"}, &Rule{Text: "broken"}
	clean := &ExpectedClose{ClosedByMe: true, RequireClean: true}
	for name, row := range map[string]struct {
		r    Result
		want *Rule
	}{
		"passed":      {Result{Behavior: OK, BehaviorClose: OK, Rule: tested, Broken: broken}, nil},
		"tested rule": {Result{Behavior: Failed, BehaviorClose: OK, Rule: tested}, tested},
		"another rule": {Result{Behavior: NonStrict, BehaviorClose: OK, Rule: tested,
			Broken: broken}, broken},
		"behavior before close": {Result{Behavior: Failed, BehaviorClose: Unclean, Rule: tested,
			ExpectedClose: clean}, tested},
		"close": {Result{Behavior: OK, BehaviorClose: Unclean, Rule: tested,
			ExpectedClose: clean}, &answerClose},
		"nothing refused": {Result{Behavior: OK, BehaviorClose: Failed, Rule: tested,
			ExpectedClose: &ExpectedClose{}, Close: Close{ClosedByMe: true}}, tested},
		"server that closes": {Result{Behavior: OK, BehaviorClose: Failed, Rule: tested,
			ExpectedClose: clean, Close: Close{WasClean: true}}, tested},
		"declined": {Result{Behavior: Unimplemented, BehaviorClose: Unclean, Rule: tested,
			ExpectedClose: clean}, nil},
	} {
		if got := row.r.VerdictRule(); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
