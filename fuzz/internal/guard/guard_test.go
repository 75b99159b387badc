//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package guard

import (
	"testing"
	"unsafe"
)

var sink byte

// An access just outside the memory panics.
func TestFaults(t *testing.T) {
	defer Panic()()
	m := New(10)
	for name, outside := range map[string]unsafe.Pointer{
		"before": unsafe.Add(unsafe.Pointer(&m.First([]byte("text"))[0]), -1),
		"after":  unsafe.Add(unsafe.Pointer(&m.Last([]byte("text"))[0]), 4),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("reading the byte %s the memory is no fault", name)
				}
			}()
			sink = *(*byte)(outside)
		}()
	}
	if got := string(m.First([]byte("ab"))) + string(m.Last([]byte("cd"))); got != "abcd" {
		t.Errorf("the copies are %q, want abcd", got)
	}
}
