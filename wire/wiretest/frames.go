package wiretest

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// frameRows returns rows about the length and the masking of a frame (RFC 6455, sections 5.1
// and 5.2).
func frameRows() []row {
	rows := []row{
		{name: "empty"},
		{name: "frame/hello", frames: []frame{{first: fin | text, payload: "Hello"}}},
		{name: "frame/ping", frames: []frame{{first: fin | ping, payload: "Hello"}}},
		{name: "frame/pong", frames: []frame{{first: fin | pong, payload: "Hello"}}},
		{name: "frame/empty text", frames: []frame{{first: fin | text}}},
		{name: "frame/empty binary", frames: []frame{{first: fin | bin}}},
		{name: "frame/empty ping", frames: []frame{{first: fin | ping}}},
		{name: "frame/empty pong", frames: []frame{{first: fin | pong}}},
		{name: "frame/several", frames: []frame{
			{first: fin | text, payload: "one"},
			{first: fin | bin, payload: "\x00\xff"},
			{first: fin | ping},
			{first: fin | text},
			{first: fin | pong, payload: strings.Repeat("p", 125)},
			{first: fin | bin, payload: strings.Repeat("b", 300)},
		}},
		{name: "truncated/first byte", rest: "\x82"},
		{name: "truncated/payload", frames: []frame{{first: fin | bin, payload: "abc", missing: 2}}},
		{name: "truncated/no payload", frames: []frame{{first: fin | bin, missing: 1}}},
		{name: "truncated/control", frames: []frame{{first: fin | ping, payload: "abc", missing: 2}}},
		{name: "truncated/close", frames: []frame{{first: fin | closing, payload: "\x03", missing: 1}}},
	}
	for _, n := range []int{1, 124, 125, 126, 127, 65535, 65536, 70000} {
		rows = append(rows, row{
			name:   fmt.Sprint("length/", n),
			frames: []frame{{first: fin | bin, payload: pattern(n)}, {first: fin | ping}},
		})
	}
	rows = append(rows, lengthFormRows()...)
	for _, f := range []byte{text, fin | text, bin, fin | bin, fin | closing, fin | ping, fin | pong} {
		rows = append(rows, row{
			name:   fmt.Sprintf("mask/%#02x", f),
			frames: []frame{{first: f, wrongMasking: true}},
			fault:  inHeader(wrongMask, 0, 1),
		})
	}
	return append(rows,
		row{
			name: "mask/second frame",
			frames: []frame{
				{first: text, payload: "a"},
				{first: fin | cont, payload: "b", wrongMasking: true},
			},
			fault: inHeader(wrongMask, 1, 1),
		},
		row{
			name:   "mask/before the length",
			frames: []frame{{first: fin | ping, payload: pattern(200), wrongMasking: true}},
			fault:  inHeader(wrongMask, 0, 1),
		},
	)
}

// lengthFormRows returns rows about the form of a length (RFC 6455, section 5.2).
func lengthFormRows() []row {
	var rows []row
	for _, n := range []uint64{1 << 63, 1<<63 + 5, 1<<64 - 1} {
		for _, op := range []byte{fin | bin, text} {
			rows = append(rows, row{
				name:   fmt.Sprintf("length/top bit/%#02x/%#x", op, n),
				frames: []frame{{first: op, missing: n}},
				fault:  inLength(wire.ErrLengthTopBit, 0),
			})
		}
	}
	rows = append(rows, row{
		name:   "length/top bit in a continuation",
		frames: []frame{{first: text, payload: "a"}, {first: cont, missing: 1 << 63}},
		fault:  inLength(wire.ErrLengthTopBit, 1),
	})
	for _, c := range []struct{ form, n int }{
		{2, 0}, {2, 1}, {2, 124}, {2, 125},
		{8, 0}, {8, 1}, {8, 125}, {8, 126}, {8, 127}, {8, 65535},
	} {
		rows = append(rows, row{
			name:   fmt.Sprintf("length/not minimal/%d in %d bytes", c.n, c.form),
			frames: []frame{{first: fin | bin, payload: pattern(c.n), lengthBytes: c.form}},
			fault:  inLength(wire.ErrLengthNotMinimal, 0),
		})
	}
	return append(rows,
		row{
			name:   "length/not minimal/continuation",
			frames: []frame{{first: bin, payload: "a"}, {first: cont, payload: "b", lengthBytes: 2}},
			fault:  inLength(wire.ErrLengthNotMinimal, 1),
		},
		row{
			name:   "length/not minimal/before the limits",
			config: wire.Decoder{MaxFrame: 10, MaxMessage: 10},
			frames: []frame{{first: bin, payload: pattern(100), lengthBytes: 8}},
			fault:  inLength(wire.ErrLengthNotMinimal, 0),
		},
	)
}

// reservedRows returns rows about the reserved opcodes, and about every combination of
// reserved bits on every opcode, with extensions that use none, some or all of these bits (RFC
// 6455, section 5.2).
func reservedRows() []row {
	var rows []row
	for _, c := range []struct {
		name   string
		config wire.Decoder
	}{
		{"no extension", wire.Decoder{}},
		{"deflate", wire.Decoder{RSV: wire.RSV1}},
		{"per frame", wire.Decoder{FrameRSV: wire.RSV2}},
		{"both", wire.Decoder{RSV: wire.RSV1, FrameRSV: wire.RSV3}},
		{"all", wire.Decoder{RSV: wire.RSV1 | wire.RSV2 | wire.RSV3}},
	} {
		for op := range byte(16) {
			for rsv := byte(1); rsv < 8; rsv++ {
				r := row{
					name:   fmt.Sprintf("rsv/%s/%s/rsv %03b", c.name, wire.Opcode(op), rsv),
					config: c.config,
				}
				allowed := byte(0)
				switch op {
				case text, bin:
					allowed = c.config.RSV | c.config.FrameRSV
				case cont:
					allowed = c.config.FrameRSV
					r.frames = append(r.frames, frame{first: text, payload: "first"})
				}
				r.frames = append(r.frames, frame{first: fin | rsv<<4 | op, payload: "Hello"})
				if rsv&^allowed != 0 {
					r.fault = inHeader(wire.ErrReservedBits, len(r.frames)-1, 0)
				}
				rows = append(rows, r)
			}
		}
	}
	for op := range byte(16) {
		if wire.Opcode(op).IsDefined() {
			continue
		}
		for _, f := range []byte{0, fin} {
			rows = append(rows, row{
				name:   fmt.Sprintf("opcode/%#02x", f|op),
				frames: []frame{{first: f | op}},
				fault:  inHeader(wire.ErrReservedOpcode, 0, 0),
			}, row{
				name: fmt.Sprintf("opcode/%#02x in a message", f|op),
				frames: []frame{
					{first: text, payload: "a"},
					{first: f | op, payload: "b"},
					{first: fin | cont, payload: "c"},
				},
				fault: inHeader(wire.ErrReservedOpcode, 1, 0),
			})
		}
	}
	return rows
}

// pattern returns n bytes that do not repeat at distances that are a power of two, so that
// reading at a wrong offset is detected.
func pattern(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8*13)
	}
	return string(b)
}
