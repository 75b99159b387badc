package wiretest

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// closeRows returns rows about close frames (RFC 6455, sections 5.5.1 and 7.4).
func closeRows() []row {
	rows := []row{
		{name: "close/empty", frames: []frame{{first: fin | closing}}},
		{name: "close/reason", frames: []frame{{first: fin | closing, payload: "\x03\xe8going \u2708"}}},
		{name: "close/longest reason", frames: []frame{
			{first: fin | closing, payload: "\x03\xe8" + strings.Repeat("r", wire.MaxCloseReason)},
		}},
		{name: "close/in a message", frames: []frame{
			{first: text, payload: "a\xe2"},
			{first: fin | closing, payload: "\x03\xe9"},
			{first: fin | cont, payload: "b"},
		}},
		{name: "close/frames after it", frames: []frame{
			{first: fin | text, payload: "a"},
			{first: fin | closing, payload: "\x03\xe8"},
			{first: fin | text, payload: "b"},
			{first: fin | closing, payload: "\x03\xe8"},
			{first: fin | ping},
		}},
		{
			name:   "close/invalid bytes after it",
			frames: []frame{{first: fin | closing, payload: "\x0b\xb8"}},
			rest:   "\xff\xff\xff\xff\xff\xff\xff\xff",
		}, {
			name:   "close/one byte",
			frames: []frame{{first: fin | closing, payload: "\x03"}, {first: fin | ping}},
			fault:  inPayload(wire.ErrClosePayload, 0, 0),
		}, {
			name:   "close/one byte in a message",
			frames: []frame{{first: bin, payload: "a"}, {first: fin | closing, payload: "\x03"}},
			fault:  inPayload(wire.ErrClosePayload, 1, 0),
		},
	}
	for code := range 5200 {
		// All codes around 1000, and the first and last code of each hundred.
		if code >= 990 && code < 1020 || code%100 == 0 || code%100 == 99 {
			rows = append(rows, closeCodeRow(code))
		}
	}
	rows = append(rows, closeCodeRow(65535))
	for _, bad := range badText {
		rows = append(rows, row{
			name:   fmt.Sprintf("close/bad reason/%x", bad.s),
			frames: []frame{{first: fin | closing, payload: "\x03\xe8bye " + bad.s}},
			fault:  inPayload(wire.ErrInvalidUTF8, 0, 6+bad.at),
		})
	}
	for _, half := range halfText {
		rows = append(rows, row{
			name:   fmt.Sprintf("close/half reason/%x", half),
			frames: []frame{{first: fin | closing, payload: "\x03\xe8" + half}},
			fault:  inPayload(wire.ErrInvalidUTF8, 0, 2+len(half)),
		})
	}
	return rows
}

// closeCodeRow returns the row of a close frame with code. The code is invalid unless RFC
// 6455, section 7.4, or IANA's registry allows it.
func closeCodeRow(code int) row {
	r := row{
		name:   fmt.Sprint("close/code/", code),
		frames: []frame{{first: fin | closing, payload: string([]byte{byte(code >> 8), byte(code)})}},
	}
	switch code {
	case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014:
	default:
		if code < 3000 || code > 4999 {
			r.fault = inPayload(wire.ErrCloseCode, 0, 1)
		}
	}
	return r
}
