package wiretest

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

const maxInt64 = 1<<63 - 1

// limitRows returns rows about the sizes of frames and messages (RFC 6455, section 10.4). In
// most of those with a fault the payload is missing, because the length alone must be refused.
func limitRows() []row {
	tenBytes := wire.Decoder{MaxMessage: 10}
	return append([]row{
		{name: "limit/frame/reached", config: wire.Decoder{MaxFrame: 5}, frames: []frame{
			{first: bin, payload: "12345"},
			{first: fin | ping, payload: "1234567"},
			{first: fin | cont, payload: "12345"},
		}},
		{name: "limit/frame/exceeded", config: wire.Decoder{MaxFrame: 5}, frames: []frame{
			{first: fin | text, payload: "123456"},
		}, fault: overLimit(wire.ErrFrameTooBig, 0, 6, 5)},
		{name: "limit/frame/one byte", config: wire.Decoder{MaxFrame: 1}, frames: []frame{
			{first: bin, payload: "1"},
			{first: fin | cont, missing: 2},
		}, fault: overLimit(wire.ErrFrameTooBig, 1, 2, 1)},
		{name: "limit/frame/exceeded in a continuation",
			config: wire.Decoder{MaxFrame: 5}, frames: []frame{
				{first: bin, payload: "12345"},
				{first: cont, missing: 1 << 40},
			}, fault: overLimit(wire.ErrFrameTooBig, 1, 1<<40, 5)},
		{name: "limit/frame/also with an extension",
			config: wire.Decoder{MaxFrame: 5, RSV: wire.RSV1}, frames: []frame{
				{first: fin | rsv1 | text, payload: "123456"},
			}, fault: overLimit(wire.ErrFrameTooBig, 0, 6, 5)},
		{name: "limit/frame/before the message",
			config: wire.Decoder{MaxFrame: 5, MaxMessage: 4}, frames: []frame{
				{first: fin | bin, missing: 6},
			}, fault: overLimit(wire.ErrFrameTooBig, 0, 6, 5)},
		{name: "limit/message/reached", config: tenBytes, frames: []frame{
			{first: fin | bin, payload: "0123456789"},
			{first: bin, payload: "01234"},
			{first: fin | ping, payload: "a ping does not count"},
			{first: cont, payload: "56789"},
			{first: fin | cont},
			{first: fin | bin, payload: "0123456789"},
		}},
		{name: "limit/message/one frame", config: tenBytes, frames: []frame{
			{first: fin | text, payload: "0123456789a"},
		}, fault: overLimit(wire.ErrMessageTooBig, 0, 11, 10)},
		{name: "limit/message/first of several", config: tenBytes, frames: []frame{
			{first: text, missing: 11},
		}, fault: overLimit(wire.ErrMessageTooBig, 0, 11, 10)},
		{name: "limit/message/sum", config: tenBytes, frames: []frame{
			{first: bin, payload: "01234"},
			{first: cont, payload: "56789"},
			{first: fin | cont, payload: "a"},
		}, fault: overLimit(wire.ErrMessageTooBig, 2, 11, 10)},
		{name: "limit/message/sum with a small MaxFrame",
			config: wire.Decoder{MaxFrame: 4, MaxMessage: 6}, frames: []frame{
				{first: bin, payload: "0123"},
				{first: cont, payload: "4567"},
			}, fault: overLimit(wire.ErrMessageTooBig, 1, 8, 6)},
		{name: "limit/message/default reached", frames: []frame{
			{first: bin, payload: "a"},
			{first: fin | cont, payload: "b", missing: wire.DefaultMaxMessage - 2},
		}},
		{name: "limit/message/default exceeded", frames: []frame{
			{first: bin, payload: "a"},
			{first: fin | cont, missing: wire.DefaultMaxMessage},
		}, fault: overLimit(wire.ErrMessageTooBig, 1, wire.DefaultMaxMessage+1, wire.DefaultMaxMessage)},
		{name: "limit/message/2^60", frames: []frame{
			{first: fin | bin, missing: 1 << 60},
		}, fault: overLimit(wire.ErrMessageTooBig, 0, 1<<60, wire.DefaultMaxMessage)},
		{name: "limit/message/near 2^63",
			config: wire.Decoder{MaxMessage: maxInt64 - 1}, frames: []frame{
				{first: bin, payload: "a"},
				{first: cont, missing: maxInt64 - 1},
			}, fault: overLimit(wire.ErrMessageTooBig, 1, maxInt64, maxInt64-1)},
	}, append(hugeRows(), extensionRows()...)...)
}

// hugeRows returns rows about messages whose size is near 2^63.
func hugeRows() []row {
	unlimited := wire.Decoder{MaxMessage: -1}
	return []row{
		{name: "limit/none/2^63-1", config: unlimited, frames: []frame{
			{first: bin, payload: "abc", missing: maxInt64 - 3},
		}},
		{name: "limit/none/sum 2^63-1", config: unlimited, frames: []frame{
			{first: bin, payload: "abc"},
			{first: cont, payload: "d", missing: maxInt64 - 4},
		}},
		{name: "limit/none/sum 2^63", config: unlimited, frames: []frame{
			{first: bin, payload: "abc"},
			{first: cont, missing: maxInt64 - 2},
		}, fault: overLimit(wire.ErrMessageTooBig, 1, maxInt64, maxInt64)},
		{name: "limit/none/sum over 2^63", config: unlimited, frames: []frame{
			{first: bin, payload: "abc"},
			{first: cont, missing: maxInt64},
		}, fault: overLimit(wire.ErrMessageTooBig, 1, maxInt64, maxInt64)},
		{name: "limit/none/sum 2^63 of an extension",
			config: wire.Decoder{RSV: wire.RSV1, MaxMessage: 4}, frames: []frame{
				{first: rsv1 | bin, payload: "abc"},
				{first: cont, missing: maxInt64 - 2},
			}, fault: overLimit(wire.ErrMessageTooBig, 1, maxInt64, maxInt64)},
	}
}

// extensionRows returns rows about messages with a bit of an extension. A decoder checks
// neither the size nor the text of such a message.
func extensionRows() []row {
	deflate := wire.Decoder{RSV: wire.RSV1, MaxMessage: 4}
	perFrame := wire.Decoder{FrameRSV: wire.RSV2, MaxMessage: 4}
	rows := []row{
		{name: "extension/size is not checked", config: deflate, frames: []frame{
			{first: fin | rsv1 | bin, payload: "01234"},
			{first: rsv1 | bin, payload: "01234"},
			{first: fin | cont, payload: "56789"},
			{first: fin | bin, payload: "0123"},
		}},
		{name: "extension/size of a plain message is checked", config: deflate, frames: []frame{
			{first: fin | rsv1 | bin, payload: "01234"},
			{first: fin | bin, payload: "01234"},
		}, fault: overLimit(wire.ErrMessageTooBig, 1, 5, 4)},
		{name: "extension/text is not checked", config: deflate, frames: []frame{
			{first: rsv1 | text, payload: "\xff\xfe"},
			{first: fin | cont, payload: "\xc0"},
			{first: fin | text, payload: "\u00e9"},
		}},
		{name: "extension/text of a plain message is checked", config: deflate, frames: []frame{
			{first: fin | rsv1 | text, payload: "\xc3"},
			{first: fin | text, payload: "\xa9"},
		}, fault: inPayload(wire.ErrInvalidUTF8, 1, 0)},
		{name: "extension/per-frame bit on a first frame", config: perFrame, frames: []frame{
			{first: fin | rsv2 | text, payload: "\xff\xfe\xfd\xfc\xfb"},
		}},
		{name: "extension/per-frame bit on a continuation", config: perFrame, frames: []frame{
			{first: text, payload: "abc\xe2"},
			{first: rsv2 | cont, payload: "\xff\xfe"},
			{first: fin | cont, payload: "\xfd"},
			{first: fin | text, payload: "new"},
		}},
		{name: "extension/size before the bit", config: perFrame, frames: []frame{
			{first: text, payload: "abc"},
			{first: cont, payload: "de"},
		}, fault: overLimit(wire.ErrMessageTooBig, 1, 5, 4)},
		{name: "extension/text before the bit", config: perFrame, frames: []frame{
			{first: text, payload: "ab\xff"},
			{first: fin | rsv2 | cont},
		}, fault: inPayload(wire.ErrInvalidUTF8, 0, 2)},
		{name: "extension/next message is checked again", config: perFrame, frames: []frame{
			{first: rsv2 | bin, payload: "01234"},
			{first: rsv2 | cont, payload: "56"},
			{first: fin | cont, payload: "78"},
			{first: fin | text, payload: "01234"},
		}, fault: overLimit(wire.ErrMessageTooBig, 3, 5, 4)},
	}
	for _, bit := range []byte{rsv1, rsv2, rsv3} {
		rows = append(rows, row{
			name:   fmt.Sprintf("extension/bit %#02x on a first frame", bit),
			config: wire.Decoder{RSV: bit >> 4, MaxMessage: 4},
			frames: []frame{{first: fin | bit | text, payload: "\xffbcde"}},
		}, row{
			name:   fmt.Sprintf("extension/bit %#02x on a continuation", bit),
			config: wire.Decoder{FrameRSV: bit >> 4, MaxMessage: 4},
			frames: []frame{{first: text, payload: "abc"}, {first: fin | bit | cont, payload: "\xffbcde"}},
		})
	}
	return rows
}

// floodRows returns rows about consecutive empty fragments and control frames, which cost
// their sender little (RFC 6455, section 10.4).
func floodRows() []row {
	return []row{
		{name: "flood/empty/reached", config: wire.Decoder{MaxEmptyFragments: 3}, frames: []frame{
			{first: bin}, {first: cont}, {first: cont},
			{first: cont, payload: "a"},
			{first: cont}, {first: fin | ping}, {first: cont}, {first: cont},
			{first: fin | cont},
			{first: fin | bin}, {first: fin | bin}, {first: fin | bin}, {first: fin | bin},
			{first: bin}, {first: cont}, {first: cont},
			{first: fin | cont, payload: "b"},
		}},
		{name: "flood/empty/exceeded", config: wire.Decoder{MaxEmptyFragments: 3}, frames: []frame{
			{first: text, payload: "a"}, {first: cont}, {first: cont}, {first: cont}, {first: cont},
		}, fault: overLimit(wire.ErrEmptyFragments, 4, 4, 3)},
		{name: "flood/empty/the first counts",
			config: wire.Decoder{MaxEmptyFragments: 3}, frames: []frame{
				{first: text}, {first: cont}, {first: cont}, {first: cont},
			}, fault: overLimit(wire.ErrEmptyFragments, 3, 4, 3)},
		{name: "flood/empty/a ping between", config: wire.Decoder{MaxEmptyFragments: 1}, frames: []frame{
			{first: bin, payload: "a"}, {first: cont}, {first: fin | ping, payload: "b"}, {first: cont},
		}, fault: overLimit(wire.ErrEmptyFragments, 3, 2, 1)},
		{name: "flood/empty/with an extension",
			config: wire.Decoder{MaxEmptyFragments: 1, RSV: wire.RSV1}, frames: []frame{
				{first: rsv1 | bin}, {first: cont},
			}, fault: overLimit(wire.ErrEmptyFragments, 1, 2, 1)},
		{name: "flood/empty/default reached", frames: append(
			times(wire.DefaultMaxEmptyFragments, frame{first: cont}, frame{first: bin, payload: "a"}),
			frame{first: fin | cont})},
		{
			name: "flood/empty/default exceeded",
			frames: times(
				wire.DefaultMaxEmptyFragments+1, frame{first: cont}, frame{first: bin, payload: "a"}),
			fault: overLimit(wire.ErrEmptyFragments, wire.DefaultMaxEmptyFragments+1,
				wire.DefaultMaxEmptyFragments+1, wire.DefaultMaxEmptyFragments),
		},
		{
			name:   "flood/empty/no limit",
			config: wire.Decoder{MaxEmptyFragments: -1},
			frames: times(2*wire.DefaultMaxEmptyFragments, frame{first: cont}, frame{first: bin}),
		},
		{name: "flood/control/reached", config: wire.Decoder{MaxControls: 2}, frames: []frame{
			{first: fin | ping}, {first: fin | pong, payload: "a"},
			{first: bin},
			{first: fin | ping}, {first: fin | ping},
			{first: fin | cont},
			{first: fin | pong}, {first: fin | pong},
		}},
		{name: "flood/control/exceeded", config: wire.Decoder{MaxControls: 2}, frames: []frame{
			{first: fin | bin},
			{first: fin | ping}, {first: fin | pong, payload: "a"}, {first: fin | ping, payload: "b"},
		}, fault: overLimit(wire.ErrControlFlood, 3, 3, 2)},
		{name: "flood/control/in a message", config: wire.Decoder{MaxControls: 1}, frames: []frame{
			{first: text, payload: "a"}, {first: fin | pong}, {first: fin | pong},
		}, fault: overLimit(wire.ErrControlFlood, 2, 2, 1)},
		{
			name: "flood/control/default reached",
			frames: append(
				times(wire.DefaultMaxControls, frame{first: fin | ping}),
				frame{first: fin | text, payload: "a"}),
		},
		{
			name:   "flood/control/default exceeded",
			frames: times(wire.DefaultMaxControls+1, frame{first: fin | ping}),
			fault: overLimit(wire.ErrControlFlood, wire.DefaultMaxControls,
				wire.DefaultMaxControls+1, wire.DefaultMaxControls),
		},
		{
			name:   "flood/control/no limit",
			config: wire.Decoder{MaxControls: -1},
			frames: times(2*wire.DefaultMaxControls, frame{first: fin | ping}),
		},
		{name: "flood/small messages", frames: times(3000, frame{first: fin | bin})},
		{name: "flood/long message", config: wire.Decoder{MaxMessage: -1}, frames: append(
			times(3000, frame{first: cont, payload: "a"}, frame{first: text}),
			frame{first: fin | cont, payload: strings.Repeat("b", 200)})},
	}
}

// times returns the frames before, followed by n copies of f.
func times(n int, f frame, before ...frame) []frame {
	for range n {
		before = append(before, f)
	}
	return before
}
