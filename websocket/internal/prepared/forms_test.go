package prepared

import (
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// Two connections that need a form at the same time get the same form.
func TestFormsAreOne(t *testing.T) {
	var m Forms
	h := wire.Header{Fin: true, Opcode: wire.OpText}
	one := m.add("key", 1, h)
	if two := m.add("key", 1, h); two != one || m.find("key", 1) != one {
		t.Error("one key has two forms, want one")
	}
	if m.add("key", 2, h) == one || m.add("other", 1, h) == one || len(*m.all.Load()) != 3 {
		t.Error("two keys share a form, want one form each")
	}
}
