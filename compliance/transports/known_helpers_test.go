package transports

import (
	"slices"
	"testing"
)

// expect returns t, or a knownFailure for a row that is known to fail.
func (k *kind) expect(t *testing.T, row string) testing.TB {
	if !slices.Contains(k.fails, row) {
		return t
	}
	f := &knownFailure{TB: t}
	t.Cleanup(func() {
		if f.failed {
			t.Logf("known to fail: %s", k.why)
		} else {
			t.Errorf("the row passes; remove it from the known failures: %s", k.why)
		}
	})
	return f
}

// A knownFailure is a test that must report errors.
type knownFailure struct {
	testing.TB
	failed bool
}

func (f *knownFailure) Errorf(format string, args ...any) {
	f.TB.Helper()
	f.failed = true
	f.TB.Logf(format, args...)
}
