package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyOutcome(t *testing.T) {
	tooBig := Close{RemoteCloseCode: 1009}
	known := map[string]Known{"1.1.1": {Reason: "r"}, "2.1": {Behavior: NonStrict, BehaviorClose: OK}}
	tests := []struct {
		r                              Result
		failed, nonStrict, unsupported Outcome // by FailOn
	}{
		{Result{Behavior: OK, BehaviorClose: Informational}, Passes, Passes, Passes},
		{Result{Behavior: NonStrict, BehaviorClose: OK}, Passes, Short, Short},
		{Result{Behavior: OK, BehaviorClose: WrongCode}, Passes, Short, Short},
		{Result{Behavior: Unimplemented, BehaviorClose: OK}, Skipped, Skipped, Short},
		{Result{Behavior: Unimplemented, BehaviorClose: Failed}, Short, Short, Short},
		{Result{Behavior: Failed, BehaviorClose: OK}, Short, Short, Short},
		{Result{Behavior: OK, BehaviorClose: Unclean}, Short, Short, Short},
		{Result{Behavior: OK, BehaviorClose: FailedByClient}, Short, Short, Short},
		{Result{Behavior: OK, BehaviorClose: "ODD"}, Short, Short, Short},
		{Result{ID: "9.1.6", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Skipped, Skipped,
			Short},
		{Result{ID: "9.1.6", Behavior: OK, BehaviorClose: OK, Close: tooBig}, Passes, Passes, Passes},
		{Result{ID: "9.1.6", Behavior: Failed, BehaviorClose: Failed,
			Close: Close{RemoteCloseCode: 1009, ClosedByMe: true}}, Short, Short, Short},
		{Result{ID: "9.1.6", Behavior: Failed, BehaviorClose: Failed, Close: Close{RemoteCloseCode: 1002}},
			Short, Short, Short},
		{Result{ID: "9.7.1", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Short, Short, Short},
		{Result{ID: "1.2.8", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Skipped, Skipped,
			Short},
		{Result{ID: "1.2.5", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Short, Short, Short},
		{Result{ID: "10.1.1", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Skipped, Skipped,
			Short},
		{Result{ID: "13.7.18", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Skipped, Skipped,
			Short},
		{Result{ID: "13.7.4", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Short, Short, Short},
		{Result{ID: "5.1", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}, Short, Short, Short},
		{Result{ID: "1.1.1", Behavior: Failed, BehaviorClose: OK}, KnownShort, KnownShort, KnownShort},
		{Result{ID: "1.1.1", Behavior: OK, BehaviorClose: OK}, Passes, Passes, Passes},
		{Result{ID: "2.1", Behavior: NonStrict, BehaviorClose: OK}, Passes, KnownShort, KnownShort},
		{Result{ID: "2.1", Behavior: Failed, BehaviorClose: OK}, Short, Short, Short},
		{Result{ID: "2.1", Behavior: NonStrict, BehaviorClose: Unclean}, Short, Short, Short},
	}
	for _, tt := range tests {
		for _, by := range []struct {
			failOn Verdict
			want   Outcome
		}{{Failed, tt.failed}, {NonStrict, tt.nonStrict}, {"", tt.nonStrict},
			{Unimplemented, tt.unsupported}} {
			p := Policy{FailOn: by.failOn, Known: known}
			if got := p.Outcome(&tt.r); got != by.want {
				t.Errorf("%s %s, close %s, FailOn %q: outcome %d, want %d", tt.r.ID, tt.r.Behavior,
					tt.r.BehaviorClose, by.failOn, got, by.want)
			}
		}
	}
	refused := &Result{ID: "9.1.6", Behavior: Failed, BehaviorClose: Failed, Close: tooBig}
	if got := (Policy{AnySize: true}).Outcome(refused); got != Short {
		t.Errorf("AnySize: outcome %d of a refused message, want %d", got, Short)
	}
}

// A case whose verdict does not fail the run needs no entry. If it has one, the entry is not stale,
// because a stricter run may use the same list.
func TestStale(t *testing.T) {
	p := Policy{FailOn: Failed, Known: map[string]Known{
		"10.1.1": {Reason: "gone"}, "2.10": {}, "2.9": {}, "6.4.1": {Behavior: NonStrict, BehaviorClose: OK},
		"7.1.1": {Reason: "one of two"},
		"7.1.2": {Varies: true}, "7.1.3": {Varies: true},
	}}
	got := p.Stale([]*Result{
		{Agent: "a", ID: "2.10", Behavior: OK, BehaviorClose: OK},
		{Agent: "a", ID: "2.9", Behavior: OK, BehaviorClose: Informational},
		{Agent: "a", ID: "6.4.1", Behavior: NonStrict, BehaviorClose: OK},
		{Agent: "a", ID: "7.1.1", Behavior: OK, BehaviorClose: OK},
		{Agent: "a", ID: "7.1.2", Behavior: OK, BehaviorClose: OK},
		{Agent: "b", ID: "7.1.1", Behavior: Failed, BehaviorClose: OK},
	})
	want := []string{
		"2.9 passes, but is known to fall short",
		"2.10 passes, but is known to fall short",
		"7.1.3 did not run, but is known to fall short",
		"10.1.1 did not run, but is known to fall short: gone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stale cases (-want +got):\n%s", diff)
	}
}
