package websocket

import "testing"

// Two connections that need a form at the same time get the same form.
func TestPreparedFormsAreOne(t *testing.T) {
	m, err := Prepare(Text, nil)
	if err != nil {
		t.Fatal(err)
	}
	one := m.add("key", 1)
	if two := m.add("key", 1); two != one || m.find("key", 1) != one {
		t.Error("one key has two forms, want one")
	}
	if m.add("key", 2) == one || m.add("other", 1) == one || len(*m.forms.Load()) != 3 {
		t.Error("two keys share a form, want one form each")
	}
}
