package wiretest

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// badText contains texts. The first invalid byte of each is at the offset at (RFC 3629,
// section 3).
var badText = []struct {
	s  string
	at int
}{
	{"\x80", 0}, {"\xbf", 0}, // continuation bytes alone
	{"\xc0\x80", 0}, {"\xc1\xbf", 0}, // overlong, detected at the first byte
	{"\xe0\x80\x80", 1}, {"\xe0\x9f\xbf", 1}, // overlong
	{"\xf0\x80\x80\x80", 1}, {"\xf0\x8f\xbf\xbf", 1}, // overlong
	{"\xed\xa0\x80", 1}, {"\xed\xaf\xbf", 1}, {"\xed\xb0\x80", 1}, {"\xed\xbf\xbf", 1}, // surrogates
	{"\xf4\x90\x80\x80", 1}, {"\xf4\xbf\xbf\xbf", 1}, // over U+10FFFF
	{"\xf5\x80\x80\x80", 0}, {"\xf8\x88\x80\x80\x80", 0}, // invalid first byte
	{"\xfc\x84\x80\x80\x80\x80", 0}, // invalid first byte
	{"\xfe", 0}, {"\xff", 0},
	{"\xc3a", 1}, {"\xc3\xc3", 1}, // a rune that is interrupted by another
	{"\xe2a", 1}, {"\xe2\x82a", 2}, {"\xe2\x82\xe2", 2},
	{"\xf0a", 1}, {"\xf0\x9fa", 2}, {"\xf0\x9f\x98a", 3}, {"\xf0\x9f\x98\xf0", 3},
}

// halfText contains texts that end within a rune.
var halfText = []string{
	"\xc3", "\xe2", "\xe2\x82", "\xe0\xa0", "\xed\x9f", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xf4\x8f\xbf",
}

// goodText contains runes of all sizes, including the first and last of each valid range.
const goodText = "\u0000 \u007f \u0080 \u07ff \u0800 \u0fff \u1000 \ucfff \ud000 \ud7ff " +
	"\ue000 \ufffd \ufeff \uffff \U00010000 \U0003ffff \U00040000 \U000fffff \U00100000 \U0010ffff"

// textRows returns rows about UTF-8 in text messages. A decoder refuses a text at its first
// invalid byte (RFC 6455, section 8.1).
func textRows() []row {
	var rows []row
	for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 129, 300} {
		rows = append(rows, row{
			name:   fmt.Sprintf("text/good after %d", n),
			frames: []frame{{first: fin | text, payload: strings.Repeat("a", n) + goodText}},
		})
		for _, bad := range badText {
			rows = append(rows, row{
				name: fmt.Sprintf("text/bad/%x after %d", bad.s, n),
				frames: []frame{
					{first: fin | text, payload: strings.Repeat("a", n) + bad.s + strings.Repeat("b", 40)},
					{first: fin | text, payload: "not seen"},
				},
				fault: inPayload(wire.ErrInvalidUTF8, 0, n+bad.at),
			})
		}
		for _, half := range halfText {
			s := strings.Repeat("a", n) + half
			rows = append(rows, row{
				name:   fmt.Sprintf("text/half/%x after %d", half, n),
				frames: []frame{{first: fin | text, payload: s}, {first: fin | text}},
				fault:  inPayload(wire.ErrInvalidUTF8, 0, len(s)),
			})
		}
	}
	for _, bad := range badText {
		if bad.at == 0 {
			continue
		}
		// The invalid byte is the first one of a later fragment.
		rows = append(rows, row{
			name: fmt.Sprintf("text/bad fragment/%x", bad.s),
			frames: []frame{
				{first: text, payload: bad.s[:bad.at]},
				{first: cont},
				{first: fin | ping, payload: "\xff"},
				{first: cont, payload: bad.s[bad.at:]},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 3, 0),
		})
	}
	rows = append(rows, textFragmentRows()...)
	return append(rows, uncheckedRows()...)
}

// uncheckedRows returns rows for a decoder that does not check text, but checks close reasons.
func uncheckedRows() []row {
	config := wire.Decoder{AllowInvalidUTF8: true}
	rows := []row{{
		name:   "text/unchecked/good",
		config: config,
		frames: []frame{{first: text, payload: goodText[:4]}, {first: fin | cont, payload: goodText[4:]}},
	}}
	for _, bad := range badText {
		rows = append(rows, row{
			name:   fmt.Sprintf("text/unchecked/bad/%x", bad.s),
			config: config,
			frames: []frame{
				{first: text, payload: "a" + bad.s},
				{first: fin | ping, payload: bad.s},
				{first: cont},
				{first: fin | cont, payload: bad.s + strings.Repeat("b", 40)},
				{first: fin | closing, payload: "\x03\xe8" + bad.s},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 4, 2+bad.at),
		})
	}
	for _, half := range halfText {
		rows = append(rows, row{
			name:   fmt.Sprintf("text/unchecked/half/%x", half),
			config: config,
			frames: []frame{
				{first: fin | text, payload: half},
				{first: text, payload: "a" + half},
				{first: fin | cont},
				{first: fin | closing, payload: "\x03\xe8" + half},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 3, 2+len(half)),
		})
	}
	return rows
}

// textFragmentRows returns rows about runes that are split between fragments.
func textFragmentRows() []row {
	const rune4 = "\U0001f600"
	bytewise := []frame{{first: text}}
	for i := range len(goodText) {
		bytewise = append(bytewise, frame{first: cont, payload: goodText[i : i+1]})
	}
	return []row{
		{name: "text/binary is not text", frames: []frame{
			{first: fin | bin, payload: "\xff\xc0\x80"},
			{first: bin, payload: "\xf0"},
			{first: fin | cont, payload: "\xff"},
			{first: fin | ping, payload: "\xff"},
			{first: fin | pong, payload: "\xc3"},
		}},
		{name: "text/rune in four frames", frames: []frame{
			{first: text, payload: rune4[:1]},
			{first: cont, payload: rune4[1:2]},
			{first: fin | ping, payload: "\x80"},
			{first: cont, payload: rune4[2:3]},
			{first: cont},
			{first: fin | cont, payload: rune4[3:]},
			{first: fin | text, payload: rune4},
		}},
		{name: "text/one byte in each frame", frames: append(bytewise, frame{first: fin | cont})},
		{
			// Like Autobahn's case 6.4.1: the second of three fragments is invalid.
			name: "text/fail fast",
			frames: []frame{
				{first: text, payload: "\u03ba\u1f79\u03c3\u03bc\u03b5"},
				{first: cont, payload: "\xf4\x90\x80\x80"},
				{first: fin | cont, payload: "edited"},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 1, 1),
		}, {
			// Like case 6.4.2: the invalid byte ends a fragment.
			name: "text/fail fast at the end of a fragment",
			frames: []frame{
				{first: text, payload: "\u03ba\u1f79\u03c3\u03bc\u03b5\xf4"},
				{first: cont, payload: "\x90"},
				{first: fin | cont, payload: "\x80\x80edited"},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 1, 0),
		}, {
			// Like case 6.4.3: the rest of the frame is missing.
			name: "text/fail fast within a frame",
			frames: []frame{
				{first: fin | text, payload: "\u03ba\u1f79\u03c3\u03bc\u03b5\xf4\x90", missing: 8},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 0, 12),
		}, {
			name: "text/half at the end of the last fragment",
			frames: []frame{
				{first: text, payload: "ab"},
				{first: fin | cont, payload: "c\xe2\x82"},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 1, 3),
		}, {
			name: "text/half before an empty last fragment",
			frames: []frame{
				{first: text, payload: "ab\xe2\x82"},
				{first: fin | cont},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 1, 0),
		}, {
			name: "text/half is not carried over",
			frames: []frame{
				{first: bin, payload: "\xe2\x82"},
				{first: fin | cont},
				{first: fin | text, payload: "\xac"},
			},
			fault: inPayload(wire.ErrInvalidUTF8, 2, 0),
		},
		{name: "text/half so far", frames: []frame{{first: text, payload: "a\xe2\x82"}}},
		{name: "text/half so far in a frame", frames: []frame{
			{first: fin | text, payload: "a\xe2\x82", missing: 1},
		}},
	}
}
