package main

import (
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// A ping between two fragments is answered at once, and a message when it is complete, however the frames are
// cut into pieces. The server closes TCP first.
func TestFrames(t *testing.T) {
	s, _ := start(t, config{})
	for _, n := range []int{1, 3, 1000} {
		c := dialRaw(t, s)
		c.send(wire.OpText, false, "Gr\xc3", n) // cut within a rune
		c.send(wire.OpPing, true, "p", n)
		c.expect(wire.OpPong, "p")
		c.send(wire.OpContinuation, false, "", n)
		c.send(wire.OpContinuation, true, "\xbcße", n)
		c.expect(wire.OpText, "Grüße")
		c.send(wire.OpBinary, true, "\xff", n)
		c.expect(wire.OpBinary, "\xff")
		c.send(wire.OpClose, true, "\x0f\xa0bye", n) // 4000
		c.expect(wire.OpClose, "\x0f\xa0")
		c.expectEnd()
	}
}

func TestFaults(t *testing.T) {
	s, _ := start(t, config{maxMessage: 100})
	for name, test := range map[string]struct {
		frame string // with a masking key of zeros, or without one
		code  wire.StatusCode
	}{
		"incomplete invalid text": {"\x01\x88\x00\x00\x00\x00ok\xffokok", wire.StatusInvalidPayload},
		"not masked":              {"\x81\x00", wire.StatusProtocolError},
		"too big":                 {"\x82\xe5\x00\x00\x00\x00", wire.StatusMessageTooBig}, // 101 bytes
	} {
		t.Run(name, func(t *testing.T) {
			c := dialRaw(t, s)
			if _, err := io.WriteString(c.nc, test.frame); err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(c.in)
			if err != nil {
				t.Fatal(err)
			}
			f, n, err := c.dec.Next(b)
			if err != nil || n < len(b) || f.Kind != wire.KindClose {
				t.Fatalf("received %q (%v), want one close frame", b, err)
			}
			code, reason, _ := wire.ConsumeClose(f.Payload)
			if code != test.code || strings.TrimSpace(string(reason)) == "" {
				t.Errorf("closed with %v %q, want %v", code, reason, test.code)
			}
		})
	}
}
