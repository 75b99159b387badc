package wire_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// violations has all rules, each with its status code and its section of RFC 6455.
var violations = []struct {
	v       wire.Violation
	code    wire.StatusCode
	section string
}{
	{wire.ErrReservedBits, 1002, "5.2"},
	{wire.ErrReservedOpcode, 1002, "5.2"},
	{wire.ErrLengthTopBit, 1002, "5.2"},
	{wire.ErrLengthNotMinimal, 1002, "5.2"},
	{wire.ErrUnmasked, 1002, "5.1"},
	{wire.ErrMasked, 1002, "5.1"},
	{wire.ErrControlFragmented, 1002, "5.5"},
	{wire.ErrControlTooLong, 1002, "5.5"},
	{wire.ErrUnexpectedContinuation, 1002, "5.4"},
	{wire.ErrUnfinishedMessage, 1002, "5.4"},
	{wire.ErrClosePayload, 1002, "5.5.1"},
	{wire.ErrCloseCode, 1002, "7.4"},
	{wire.ErrFrameAfterClose, 1002, "5.5.1"},
	{wire.ErrInvalidUTF8, 1007, "8.1"},
	{wire.ErrFrameTooBig, 1009, "10.4"},
	{wire.ErrMessageTooBig, 1009, "10.4"},
	{wire.ErrEmptyFragments, 1008, "10.4"},
	{wire.ErrControlFlood, 1008, "10.4"},
	{wire.ErrFieldSyntax, 1002, "9.1"},
}

func TestViolation(t *testing.T) {
	texts := make(map[string]bool)
	for i, tt := range violations {
		if int(tt.v) != i+1 {
			t.Errorf("%v is violation %d, want %d", tt.v, int(tt.v), i+1)
		}
		if tt.v.Code() != tt.code || tt.v.Section() != tt.section {
			t.Errorf("%v: %v, section %s, want %v, section %s",
				tt.v, tt.v.Code(), tt.v.Section(), tt.code, tt.section)
		}
		text := tt.v.Error()
		if text == "" || texts[text] || strings.HasPrefix(text, "violation ") {
			t.Errorf("violation %d has the text %q, want one that is unique", i+1, text)
		}
		texts[text] = true
	}
	for _, v := range []wire.Violation{0, wire.Violation(len(violations) + 1), 255} {
		if got := v.Error(); got != fmt.Sprint("violation ", int(v)) || v.Code() != 0 || v.Section() != "" {
			t.Errorf("undefined violation %d: %q, %v, %q", int(v), got, v.Code(), v.Section())
		}
	}
}

func TestError(t *testing.T) {
	tests := []struct {
		err          wire.Error
		reason, text string
	}{
		{
			wire.Error{Violation: wire.ErrMasked, Offset: 1},
			"frame from a server is masked",
			"wire: byte 1: frame from a server is masked (RFC 6455, section 5.1)",
		},
		{
			wire.Error{Violation: wire.ErrMessageTooBig, Offset: 1009, Size: 2000000, Limit: 1048576},
			"message over MaxMessage: 2000000 > 1048576",
			"wire: byte 1009: message over MaxMessage: 2000000 > 1048576 (RFC 6455, section 10.4)",
		},
	}
	for _, tt := range tests {
		if got := tt.err.Reason(); got != tt.reason {
			t.Errorf("reason %q, want %q", got, tt.reason)
		}
		if got := tt.err.Error(); got != tt.text {
			t.Errorf("error %q, want %q", got, tt.text)
		}
	}
}

func TestErrorWraps(t *testing.T) {
	for _, tt := range violations {
		err := fmt.Errorf("reading: %w", &wire.Error{Violation: tt.v})
		for _, other := range violations {
			if got := errors.Is(err, other.v); got != (tt.v == other.v) {
				t.Errorf("errors.Is(%v, %v) is %v", err, other.v, got)
			}
		}
		var e *wire.Error
		if !errors.As(err, &e) || e.Code() != tt.code {
			t.Errorf("%v: not an *Error with code %v", err, tt.code)
		}
	}
}

// Each reason fits a close frame, even with the largest sizes.
func TestErrorReasonFits(t *testing.T) {
	for _, tt := range violations {
		e := wire.Error{Violation: tt.v, Size: 1<<63 - 1, Limit: 1<<63 - 1}
		reason := e.Reason()
		if len(reason) > wire.MaxCloseReason || !utf8.ValidString(reason) {
			t.Errorf("%q has %d bytes", reason, len(reason))
		}
		payload, err := wire.AppendClose(nil, e.Code(), reason)
		if err != nil || string(payload[2:]) != reason {
			t.Errorf("%q does not fit a close frame: %v", reason, err)
		}
	}
}
