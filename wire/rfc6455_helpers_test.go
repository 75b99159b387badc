package wire_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// wantViolation checks that d refuses stream with v and its code.
func wantViolation(t *testing.T, d wire.Decoder, stream string, v wire.Violation, code wire.StatusCode) {
	t.Helper()
	_, err := readAll(&d, stream)
	var e *wire.Error
	if !errors.As(err, &e) || e.Violation != v || e.Code() != code {
		t.Errorf("% x: %v, want %v", stream, err, v)
	}
}

// readAll decodes stream up to its end or an error. For each piece it returns a string such
// as "text:Hello", with a period if the piece ends its message.
func readAll(d *wire.Decoder, stream string) (pieces []string, err error) {
	for b := []byte(stream); len(b) > 0; {
		f, n, err := d.Next(b)
		if err != nil {
			return pieces, err
		}
		b = b[n:]
		if f.Kind != wire.KindNone {
			s := f.Kind.String() + ":" + string(f.Payload)
			if f.EndsMessage() {
				s += "."
			}
			pieces = append(pieces, s)
		}
	}
	return pieces, nil
}

// wantPieces checks the pieces that a client decodes from stream, in the form of readAll.
func wantPieces(t *testing.T, stream string, want ...string) {
	t.Helper()
	d := wire.Decoder{Role: wire.Client}
	got, err := readAll(&d, stream)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("% x: %q, %v, want %q", stream, got, err, want)
	}
}

// wantSend checks that an encoder refuses h with v, or accepts it if v is 0.
func wantSend(t *testing.T, e *wire.Encoder, h wire.Header, payload string, v wire.Violation) {
	t.Helper()
	_, err := e.AppendFrame(nil, h, []byte(payload))
	if v == 0 && err != nil || v != 0 && !errors.Is(err, v) {
		t.Errorf("%+v: %v, want %v", h, err, v)
	}
}
