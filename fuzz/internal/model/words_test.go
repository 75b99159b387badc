package model

import "testing"

func TestLists(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  bool
	}{
		{[]string{"upgrade"}, true},
		{[]string{"keep-alive, UPgrade\t,"}, true},
		{[]string{"x", ",upgrade"}, true},
		{[]string{"x upgrade"}, false},
		{[]string{"upgrades"}, false},
		{[]string{""}, false},
		{nil, false},
	} {
		if got := Lists(tt.lines, "Upgrade"); got != tt.want {
			t.Errorf("%q: %v", tt.lines, got)
		}
	}
	// Only ASCII letters have a case. A Kelvin sign is not a k.
	if Lists([]string{"\u212aeep-alive"}, "keep-alive") {
		t.Error("a Kelvin sign was taken for a k")
	}
}

// TestKeys uses the example of RFC 6455, section 1.3.
func TestKeys(t *testing.T) {
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	if got := AcceptKey(key); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
	for _, tt := range []struct {
		key  string
		want bool
	}{
		{key, true}, {key[:23], false}, {key + "=", false}, {"AAAAAAAAAAAAAAAAAAAAAB==", true},
		{"AAAAAAAAAAA_AAAAAAAAAA==", false}, {"AAAAAAAAAAAAAAAAAAAAAAA=", false},
	} {
		if IsKey(tt.key) != tt.want {
			t.Errorf("%q: %v", tt.key, !tt.want)
		}
	}
}
