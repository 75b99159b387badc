package wiretest

import (
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// fragmentRows returns rows about fragmentation and control frames (RFC 6455, sections 5.4 and
// 5.5).
func fragmentRows() []row {
	rows := []row{
		{name: "fragments/two", frames: []frame{
			{first: text, payload: "Hel"},
			{first: fin | cont, payload: "lo"},
		}},
		{name: "fragments/empty", frames: []frame{
			{first: bin},
			{first: cont},
			{first: cont, payload: "a"},
			{first: fin | cont},
			{first: text},
			{first: fin | cont},
		}},
		{name: "fragments/of one byte", frames: []frame{
			{first: text, payload: "a"},
			{first: cont, payload: "b"},
			{first: cont, payload: "c"},
			{first: fin | cont, payload: "d"},
			{first: fin | bin, payload: "e"},
		}},
		{name: "fragments/control frames between", frames: []frame{
			{first: text, payload: "a"},
			{first: fin | ping, payload: "1"},
			{first: cont, payload: "b"},
			{first: fin | pong, payload: "2"},
			{first: fin | ping, payload: "3"},
			{first: fin | cont, payload: "c"},
			{first: fin | ping},
		}},
		{
			name:   "fragments/orphan at the start",
			frames: []frame{{first: fin | cont, payload: "a"}},
			fault:  inHeader(wire.ErrUnexpectedContinuation, 0, 0),
		}, {
			name:   "fragments/orphan without FIN",
			frames: []frame{{first: cont, payload: "a"}, {first: fin | cont}},
			fault:  inHeader(wire.ErrUnexpectedContinuation, 0, 0),
		}, {
			name:   "fragments/orphan after a single frame",
			frames: []frame{{first: fin | text, payload: "a"}, {first: fin | cont, payload: "b"}},
			fault:  inHeader(wire.ErrUnexpectedContinuation, 1, 0),
		}, {
			name: "fragments/orphan after the last fragment",
			frames: []frame{
				{first: bin, payload: "a"},
				{first: fin | cont, payload: "b"},
				{first: fin | cont, payload: "c"},
			},
			fault: inHeader(wire.ErrUnexpectedContinuation, 2, 0),
		}, {
			name:   "fragments/orphan after an empty message",
			frames: []frame{{first: fin | text}, {first: cont}},
			fault:  inHeader(wire.ErrUnexpectedContinuation, 1, 0),
		}, {
			name: "fragments/orphan after a ping",
			frames: []frame{
				{first: fin | ping, payload: "a"},
				{first: cont, payload: "b"},
			},
			fault: inHeader(wire.ErrUnexpectedContinuation, 1, 0),
		},
	}
	for _, first := range []byte{text, bin} {
		for _, second := range []byte{text, bin, fin | text, fin | bin} {
			rows = append(rows, row{
				name:   fmt.Sprintf("fragments/interleaved/%#02x in %#02x", second, first),
				frames: []frame{{first: first, payload: "a"}, {first: second, payload: "b"}},
				fault:  inHeader(wire.ErrUnfinishedMessage, 1, 0),
			})
		}
	}
	rows = append(rows, row{
		name: "fragments/interleaved after a control frame",
		frames: []frame{
			{first: text},
			{first: cont, payload: "a"},
			{first: fin | ping},
			{first: fin | text, payload: "b"},
		},
		fault: inHeader(wire.ErrUnfinishedMessage, 3, 0),
	})
	return append(rows, controlRows()...)
}

// controlRows returns rows about the size and the fragmentation of control frames (RFC 6455,
// section 5.5).
func controlRows() []row {
	var rows []row
	for _, op := range []byte{closing, ping, pong} {
		name := wire.Opcode(op).String()
		rows = append(rows, row{
			name:   "control/fragmented/" + name,
			frames: []frame{{first: op}, {first: fin | cont}},
			fault:  inHeader(wire.ErrControlFragmented, 0, 0),
		}, row{
			name: "control/fragmented in a message/" + name,
			frames: []frame{
				{first: bin, payload: "a"},
				{first: op},
				{first: fin | cont},
			},
			fault: inHeader(wire.ErrControlFragmented, 1, 0),
		}, row{
			name:   "control/too long/126/" + name,
			frames: []frame{{first: fin | op, payload: pattern(126)}},
			fault:  inHeader(wire.ErrControlTooLong, 0, 1),
		}, row{
			name:   "control/too long/64-bit/" + name,
			frames: []frame{{first: fin | op, missing: 1 << 40}},
			fault:  inHeader(wire.ErrControlTooLong, 0, 1),
		}, row{
			name:   "control/too long/not minimal/" + name,
			frames: []frame{{first: fin | op, payload: "ab", lengthBytes: 2}},
			fault:  inHeader(wire.ErrControlTooLong, 0, 1),
		})
	}
	return append(rows, row{
		name:   "control/longest ping",
		frames: []frame{{first: fin | ping, payload: pattern(125)}},
	}, row{
		name:   "control/longest pong",
		frames: []frame{{first: fin | pong, payload: pattern(125)}},
	})
}
