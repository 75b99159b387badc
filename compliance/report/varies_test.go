package report

import "testing"

func TestVaries(t *testing.T) {
	type run struct{ behavior, close Verdict }
	for _, tt := range []struct {
		runs []run
		want string
	}{
		{[]run{{OK, OK}}, ""},
		{[]run{{Failed, OK}, {Failed, OK}}, ""},
		{[]run{{Failed, OK}, {OK, OK}}, "FAILED, then OK"},
		{[]run{{Failed, OK}, {NonStrict, OK}, {OK, OK}}, "FAILED, then NON-STRICT, then OK"},
		{[]run{{OK, Unclean}, {OK, OK}}, "close UNCLEAN, then OK"},
		{[]run{{OK, OK}, {Failed, Unclean}, {OK, OK}}, "FAILED, then OK"},
		{[]run{{Failed, Unclean}, {Failed, OK}}, "FAILED with close UNCLEAN, then FAILED with close OK"},
	} {
		var last *Result
		for _, r := range tt.runs {
			next := &Result{Behavior: r.behavior, BehaviorClose: r.close}
			if last != nil {
				next.Follow(last)
			}
			last = next
		}
		if got := last.Varies(); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.runs, got, tt.want)
		}
	}
}
