package transports

import (
	"slices"
	"testing"
)

// expect returns t, or for a row that is known to fail a knownFailure.
func (k *kind) expect(t *testing.T, row string) testing.TB {
	if !slices.Contains(k.fails, row) {
		return t
	}
	f := &knownFailure{TB: t}
	t.Cleanup(func() {
		if f.failed {
			t.Logf("known to fail: %s", k.why)
		} else {
			t.Errorf("passes, although it is known to fail: %s", k.why)
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
