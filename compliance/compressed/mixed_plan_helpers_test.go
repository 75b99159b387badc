package compressed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A script is the bytes that determine a mixed stream. They are random, or those of a fuzzer.
type script struct{ b []byte }

// n takes a number below max from the script.
func (s *script) n(max int) int {
	v := 0
	for m := 1; m < max; m <<= 8 {
		if len(s.b) > 0 {
			v = v<<8 | int(s.b[0])
			s.b = s.b[1:]
		}
	}
	return v % max
}

// oneIn reports true in one of n cases.
func (s *script) oneIn(n int) bool { return s.n(n) == n-1 }

// A direction is the agreement for one direction of the connection.
type direction struct {
	bits     int
	takeover bool
}

// A delivery is a message for the Conn to read, and the way to read it.
type delivery struct {
	data   []byte
	text   bool
	way    int // the way to read it: see delivery.read
	buffer int
}

// A sending is a message for the Conn to write.
type sending struct {
	data    []byte
	text    bool
	plain   bool  // sent without the extension
	parts   []int // sizes of the calls of MessageWriter.Write; nil: one call of Conn.Write
	flushed bool  // after each part

	before, within disturbance // by other connections
}

// A disturbance is how another connection, of the same Extension and with the same window, takes the
// compressor that the Conn used last.
type disturbance int

const (
	undisturbed disturbance = iota
	byMessage               // it sends a message
	byStream                // it begins to stream a message, or ends the open one
)

// A plan is a mixed stream: the bytes that the peer sends, and the messages that the Conn reads and writes.
type plan struct {
	role         wire.Role
	threshold    int
	theirs, ours direction // from the peer, and from the Conn
	params       string
	stream       []byte
	chop         int // the number of bytes of the stream that the peer writes at a time
	deliveries   []delivery
	sendings     []sending
	pings        []string // of the peer, to be answered in order
	others       others

	size    int    // of all messages
	history []byte // the last message, for messages that resemble it
}

// thresholds are values of deflate.Options.Threshold. mixers has an Extension for each.
var thresholds = []int{deflate.DefaultThreshold, 1000, -1}

var mixers = func() (es []*deflate.Extension) {
	for _, n := range thresholds {
		es = append(es, deflate.MustNew(&deflate.Options{WindowBits: 15, Threshold: n}))
	}
	return es
}()

// The limits of a plan keep the fuzzer fast.
const (
	maxMessages = 100
	maxBytes    = 1 << 20
)

// newPlan makes the plan that s determines.
func newPlan(s *script) *plan {
	pl := &plan{role: roles[s.n(2)], threshold: s.n(len(thresholds))}
	pl.theirs = direction{bits: 8 + s.n(8), takeover: s.n(2) == 0}
	pl.ours = direction{bits: 8 + s.n(8), takeover: s.n(2) == 0}
	pl.chop = []int{1 << 30, 16 << 10, 1000, 50}[s.n(4)]
	pl.params = pl.agreement(s)
	p := &peer{client: pl.role == wire.Server}
	z := &compressor{direction: pl.theirs}
	count := func() int { return len(pl.deliveries) + len(pl.sendings) + len(pl.pings) }
	for len(s.b) > 0 && count() < maxMessages && pl.size < maxBytes {
		switch kind := s.n(16); {
		case kind < 7:
			d := pl.delivery(s)
			pl.fragments(s, p, rsv1, d, z.message(s, d.data))
		case kind < 10:
			d := pl.delivery(s)
			pl.fragments(s, p, 0, d, d.data)
		case kind < 12:
			pl.control(s, p)
		default:
			pl.sending(s)
		}
	}
	// The Conn answers pings only while it reads, so the last frame is a message.
	last := delivery{data: []byte("the last message")}
	pl.deliveries = append(pl.deliveries, last)
	pl.fragments(&script{}, p, rsv1, last, z.message(s, last.data))
	return pl
}

// agreement returns the peer's offer or answer in the opening handshake.
func (pl *plan) agreement(s *script) string {
	server, client := pl.ours, pl.theirs
	if pl.role == wire.Client {
		server, client = client, server
	}
	params := "permessage-deflate"
	if server.bits < 15 || s.oneIn(2) {
		params += fmt.Sprint("; server_max_window_bits=", server.bits)
	}
	if client.bits < 15 || s.oneIn(2) {
		params += fmt.Sprint("; client_max_window_bits=", client.bits)
	}
	if !server.takeover {
		params += "; server_no_context_takeover"
	}
	if !client.takeover {
		params += "; client_no_context_takeover"
	}
	return params
}

// delivery adds a message for the Conn to read.
func (pl *plan) delivery(s *script) delivery {
	d := delivery{way: s.n(7), buffer: 1 + s.n(5000)}
	d.data, d.text = pl.data(s)
	pl.deliveries = append(pl.deliveries, d)
	return d
}

// sending adds a message for the Conn to write.
func (pl *plan) sending(s *script) {
	var m sending
	m.data, m.text = pl.data(s)
	m.plain = s.oneIn(6)
	m.before, m.within = disturbance(s.n(3)), disturbance(s.n(3))
	if s.oneIn(2) {
		m.parts = []int{}
		for n := len(m.data); n > 0 && len(m.parts) < 20; n -= m.parts[len(m.parts)-1] {
			m.parts = append(m.parts, min(n, s.n(30_000)))
		}
		m.flushed = s.oneIn(2)
	}
	pl.sendings = append(pl.sendings, m)
}

// control adds a ping or a pong from the peer.
func (pl *plan) control(s *script, p *peer) {
	payload := strings.Repeat("p", s.n(110)) + fmt.Sprint(len(pl.pings))
	if s.oneIn(4) {
		pl.stream = p.appendFrame(pl.stream, fin|pong, []byte(payload))
		return
	}
	pl.stream = p.appendFrame(pl.stream, fin|ping, []byte(payload))
	pl.pings = append(pl.pings, payload)
}

// fragments adds a message to the stream, cut into fragments anywhere, with control frames between them.
func (pl *plan) fragments(s *script, p *peer, bits byte, d delivery, payload []byte) {
	first := bits | binaryData
	if d.text {
		first = bits | text
	}
	for range s.n(5) {
		n := s.n(len(payload) + 1)
		pl.stream = p.appendFrame(pl.stream, first, payload[:n])
		first, payload = continuation, payload[n:]
		if s.oneIn(3) {
			pl.control(s, p)
		}
	}
	pl.stream = p.appendFrame(pl.stream, fin|first, payload)
}

// data returns a message. Its size is often near a limit.
func (pl *plan) data(s *script) (b []byte, isText bool) {
	edges := []int{
		1, thresholds[pl.threshold], 126, 1 << pl.theirs.bits, 1 << pl.ours.bits, 16 << 10, 1 << 16,
	}
	size := s.n(400)
	switch s.n(8) {
	case 0, 1, 2:
		size = max(0, edges[s.n(len(edges))]+s.n(3)-1)
	case 3:
		size *= 40
	}
	random := rand.New(rand.NewPCG(uint64(s.n(256)), uint64(size)))
	switch kind := s.n(6); kind {
	case 0:
		b = bytes.Repeat([]byte{'a' + byte(random.IntN(26))}, size)
	case 1: // random bytes, which no compressor makes smaller
		b = make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
	case 2: // a repetition of the last message
		for len(pl.history) > 0 && len(b) < size {
			b = append(b, pl.history...)
		}
		b = b[:min(size, len(b))]
	default:
		words := [...]string{`{"id":`, `,"name":"`, "水🌊", "grüße", `"},`, "0", "1"}
		for len(b) < size {
			b = append(b, words[random.IntN(len(words))]...)
			b = fmt.Append(b, random.IntN(100))
		}
		b = b[:size]
	}
	pl.history = b
	pl.size += len(b)
	return b, utf8.Valid(b) && s.oneIn(2)
}
