package deflate_test

import (
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A match whose last bit is the last of its input comes out at once, and not with the
// input that follows.
func TestDecodeMatchAtEndOfInput(t *testing.T) {
	c := new(crafter).fixed(0).literals("\xff").match3(1)
	if c.n != 0 {
		t.Fatal("the match does not end with an octet")
	}
	s, _ := both(t, 12, true)
	dec, _ := s.Decode(wire.RSV1)
	defer dec.Release()
	if out, _, more, err := dec.Append(nil, c.out, false, 100); string(out) != "\xff\xff\xff\xff" || more || err != nil {
		t.Errorf("%x, %v, %v", out, more, err)
	}
}
