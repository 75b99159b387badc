package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxCloseReason is the largest close reason in bytes: what a control frame
// leaves beside the status code.
const MaxCloseReason = MaxControlPayload - 2

// ConsumeClose reads the payload of a close frame, unmasked and whole (RFC 6455,
// section 5.5.1). An empty payload is [StatusNoStatusReceived]. reason is a slice
// of payload and lives as long.
//
// A payload of one byte, a code that must not be sent and a reason that is not
// UTF-8 are an [*Error] whose Offset counts from the start of payload.
func ConsumeClose(payload []byte) (code StatusCode, reason []byte, err error) {
	switch len(payload) {
	case 0:
		return StatusNoStatusReceived, nil, nil
	case 1:
		return 0, nil, &Error{Violation: ErrClosePayload}
	}
	code, reason = StatusCode(binary.BigEndian.Uint16(payload)), payload[2:]
	if !code.IsSendable() {
		return 0, nil, &Error{Violation: ErrCloseCode, Offset: 1}
	}
	if n, ok := checkText(reason); !ok {
		return 0, nil, &Error{Violation: ErrInvalidUTF8, Offset: 2 + int64(n)}
	}
	return code, reason, nil
}

// checkText reports whether p is whole UTF-8; if not, n is the index of the first
// byte at fault, which is len(p) if a rune is not complete.
func checkText(p []byte) (n int, ok bool) {
	var text UTF8
	n, ok = text.Check(p)
	return n, ok && text.Complete()
}

// AppendClose appends the payload of a close frame to dst (RFC 6455, section
// 5.5.1): nothing for [StatusNoStatusReceived], else the code and the reason. A
// reason over [MaxCloseReason] bytes is cut before the rune that would not fit.
//
// A code that must not be sent, a reason without a code and a reason that is not
// UTF-8 are an [*Error], whose Offset counts within reason, and dst is returned as
// it was.
func AppendClose(dst []byte, code StatusCode, reason string) ([]byte, error) {
	if code == StatusNoStatusReceived && reason == "" {
		return dst, nil
	}
	if !code.IsSendable() {
		return dst, &Error{Violation: ErrCloseCode}
	}
	if !utf8.ValidString(reason) {
		n, _ := checkText([]byte(reason))
		return dst, &Error{Violation: ErrInvalidUTF8, Offset: int64(n)}
	}
	if len(reason) > MaxCloseReason {
		cut := MaxCloseReason
		for !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(code))
	return append(dst, reason...), nil
}
