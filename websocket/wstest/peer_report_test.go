package wstest_test

import (
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// TestPeerReports checks that a report says what is needed to find the mistake.
func TestPeerReports(t *testing.T) {
	const shown = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" // the 60 bytes that are shown
	long := strings.Repeat("x", 200)
	expect := func(op wire.Opcode, payload string) func(*wstest.Peer) {
		return func(p *wstest.Peer) { p.Expect(op, true, payload) }
	}
	dial := func(p *wstest.Peer) { p.Dial("/", nil) }
	for _, test := range []struct {
		name   string
		stream string
		end    bool
		step   func(*wstest.Peer)
		want   string
	}{
		{
			"late difference", "\x81\x7e\x00\xcb" + long + "yes", false, expect(wire.OpText, long+"no"),
			`got text fin=true rsv=000 "` + shown + `"... (203 bytes), want text fin=true rsv=000 "` + shown +
				`"... (202 bytes); the payloads differ at byte 200: "yes" and "no"`,
		},
		{"no difference", "\x82\x7e\x00\xc8" + long, false, expect(wire.OpText, long), `"... (200 bytes)` + "\n"},
		{
			"a close frame", "\x88\x04\x03\xeano", false, expect(wire.OpText, "a"),
			`got close 1002 (protocol error) fin=true rsv=000 "no", want text fin=true rsv=000 "a"` + "\n",
		},
		{
			"an invalid close frame", "\x88\x01\x03", false, expect(wire.OpText, "a"),
			`got close fin=true rsv=000 "\x03", want text`,
		},
		{"nothing", "", true, expect(wire.OpText, "a"), `got error EOF, want a text frame "a"`},
		{
			"no frame", "HTTP/1.1 400 Bad Request\r\n\r\n", false, expect(wire.OpText, "a"),
			`got error read pipe: i/o timeout after "HTTP/1.1 400 Bad Request\r\n\r\n", want a text frame "a"`,
		},
		{
			"half a close frame", "\x88\x02\x03", true, func(p *wstest.Peer) { p.ExpectClose(1000) },
			`got error unexpected EOF after "\x88\x02\x03", want close 1000 (normal closure)`,
		},
		{
			"another code", "\x88\x05\x03\xe8bye", false, func(p *wstest.Peer) { p.ExpectClose(1001) },
			`got close 1000 (normal closure) fin=true rsv=000 "bye", want close 1001 (going away)`,
		},
		{
			"no code", "\x88\x01\x03", false, func(p *wstest.Peer) { p.ExpectClose(1001) },
			`got close fin=true rsv=000 "\x03": wire: byte 0: close frame with a payload of one byte`,
		},
		{"silence for EOF", "", false, (*wstest.Peer).ExpectEOF, "got error read pipe: i/o timeout, want EOF"},
		{
			"a close frame for EOF", "\x88\x02\x03\xe8", false, (*wstest.Peer).ExpectEOF,
			`got close 1000 (normal closure) fin=true rsv=000 "", want EOF`,
		},
		{
			"a large head", "HTTP/1.1 101 OK\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", false, dial,
			"reading a response: larger than 65536 bytes",
		},
		{
			"a large body", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 64<<10), true, dial,
			"reading a response: larger than 65536 bytes",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := failing(t, wire.Client, test.stream, test.end, test.step)
			if !got.ended || !strings.Contains(got.text, test.want) {
				t.Errorf("reported %q; want %q", got.text, test.want)
			}
		})
	}
}
