package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// MaxCloseReason is the size of the longest close reason, in bytes: the largest payload of
// a control frame, minus two bytes for the status code.
const MaxCloseReason = MaxControlPayload - 2

// ConsumeClose parses the whole payload of a close frame, unmasked (RFC 6455, section
// 5.5.1). For an empty payload, code is [StatusNoStatusReceived]. reason is a slice of
// payload.
//
// ConsumeClose returns an [*Error] if the payload has one byte, the code must not be sent,
// or the reason is not UTF-8. The Offset of the error counts from the start of payload.
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

// checkText reports whether p is valid UTF-8. If not, n is the index of the first invalid
// byte, or len(p) if the last rune is incomplete.
func checkText(p []byte) (n int, ok bool) {
	var text UTF8
	n, ok = text.Check(p)
	return n, ok && text.Complete()
}

// AppendClose appends the payload of a close frame to dst (RFC 6455, section 5.5.1): code
// and reason, or nothing if code is [StatusNoStatusReceived]. A reason longer than
// [MaxCloseReason] bytes is cut before the first rune that does not fit.
//
// AppendClose returns an [*Error] and dst unchanged if the code must not be sent, if there
// is a reason without a code, or if the reason is not UTF-8. The Offset of the error counts
// from the start of reason.
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
