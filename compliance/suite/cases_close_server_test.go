package suite

import (
	"testing"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// The cases in which the server closes are UNIMPLEMENTED if Options has no ClosePath, if the server refuses
// the path, or if it echoes there.
func TestClosePathIsOptional(t *testing.T) {
	t.Parallel()
	s := &broken.Server{}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for path, want := range map[string]report.Verdict{
		"":               report.Unimplemented,
		"/echo":          report.Unimplemented,
		testee.ClosePath: report.OK,
	} {
		results, err := TestServer(t.Context(), url, casesMatching(t, "R.11.1", "R.11.5"),
			&Options{ClosePath: path, Parallel: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Behavior != want || !r.BehaviorClose.Passed() {
				t.Errorf("%q, %s: %s, %s: %s %s", path, r.ID, r.Behavior, r.BehaviorClose, r.Result,
					r.ResultClose)
			}
		}
	}
	refusing := listen(t, refuseAll)
	r, err := serverCase(t.Context(), refusing, casesMatching(t, "R.11.1")[0],
		(&Options{ClosePath: testee.ClosePath}).withDefaults())
	if err != nil || r.Behavior != report.Unimplemented {
		t.Errorf("a refusal: %+v, %v", r, err)
	}
}
