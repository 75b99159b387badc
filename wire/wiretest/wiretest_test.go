package wiretest_test

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

func TestStreams(t *testing.T) {
	names := make(map[string]bool)
	seen := make(map[wire.Violation]bool)
	size := 0
	for _, s := range wiretest.Streams() {
		if names[s.Name] {
			t.Errorf("two streams are named %q", s.Name)
		}
		names[s.Name] = true
		seen[s.Violation] = true
		size += len(s.Bytes)
		if s.Offset < 0 || s.Offset > int64(len(s.Bytes)) || s.Violation == 0 && s.Offset != 0 {
			t.Errorf("%s: offset %d in %d bytes, violation %v", s.Name, s.Offset, len(s.Bytes), s.Violation)
		}
		if s.Closed && s.Violation != 0 {
			t.Errorf("%s: both closed and a violation: %v", s.Name, s.Violation)
		}
	}
	t.Logf("%d streams, %d bytes", len(names), size)
	for v := wire.ErrReservedBits; v < wire.ErrFieldSyntax; v++ {
		// For frames after a close frame, a decoder returns io.EOF.
		if !seen[v] && v != wire.ErrFrameAfterClose {
			t.Errorf("no stream has the violation %v", v)
		}
	}
}

// A server must refuse this stream at byte 24, although more bytes follow.
func ExampleStreams() {
	for _, s := range wiretest.Streams() {
		if s.Name == "text/fail fast/server" {
			fmt.Printf("% x\n", s.Bytes)
			fmt.Printf("byte %d: %v, close with %v\n", s.Offset, s.Violation, s.Violation.Code())
		}
	}
	// Output:
	// 01 8b 37 fa 21 00 f9 40 c0 bd 8e 35 a2 ce 8b 34 94 00 84 37 fa 21 01 c3 6a a1 81 80 86 37 fa 21 02 52 9e 48 76 52 9e
	// byte 24: invalid UTF-8, close with 1007 (invalid payload)
}
