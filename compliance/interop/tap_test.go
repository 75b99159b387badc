package interop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/hawser-ws/hawser/wire"
)

// A tap is the transport below a connection of hawser. It records the HTTP headers of the
// opening handshake, and counts the frames after them.
type tap struct {
	net.Conn
	mu      sync.Mutex
	in, out flow
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.in.add(p[:n])
	return n, err
}

// Write counts first, so a message is counted before its echo arrives.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.out.add(p)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// counts returns the counts of what was received and sent so far.
func (t *tap) counts() (in, out counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.in.counts, t.out.counts
}

// extensions returns the Sec-WebSocket-Extensions fields that were received and sent in the
// opening handshake, verbatim.
func (t *tap) extensions() (in, out string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return extensionsField(t.in.head), extensionsField(t.out.head)
}

func extensionsField(head []byte) string {
	var values []string
	for line := range strings.SplitSeq(string(head), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Sec-WebSocket-Extensions") {
			values = append(values, strings.TrimSpace(value))
		}
	}
	return strings.Join(values, "\n")
}

// A flow is one direction of a connection.
type flow struct {
	counts
	head    []byte // the HTTP header, up to its blank line
	begun   bool   // the HTTP header is complete
	partial []byte // the incomplete header of a frame
	payload int64  // the remaining bytes of the frame's payload
}

// counts are counts of data frames, except for bytes.
type counts struct {
	bytes      int64 // after the opening handshake
	messages   int
	frames     int
	compressed int // messages with RSV1
	malformed  int // frames with an invalid header
}

func (c counts) since(d counts) counts {
	return counts{
		bytes:      c.bytes - d.bytes,
		messages:   c.messages - d.messages,
		frames:     c.frames - d.frames,
		compressed: c.compressed - d.compressed,
		malformed:  c.malformed - d.malformed,
	}
}

func (f *flow) add(p []byte) {
	if !f.begun {
		f.head = append(f.head, p...)
		head, rest, found := bytes.Cut(f.head, []byte("\r\n\r\n"))
		if !found {
			return
		}
		f.head, f.begun, p = head, true, rest
	}
	f.bytes += int64(len(p))
	for len(p) > 0 && f.malformed == 0 {
		if n := min(f.payload, int64(len(p))); n > 0 {
			f.payload -= n
			p = p[n:]
			continue
		}
		f.partial = append(f.partial, p[0])
		p = p[1:]
		f.header()
	}
}

// header counts a frame once partial has its whole header.
func (f *flow) header() {
	h, _, err := wire.ConsumeHeader(f.partial)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	if err != nil {
		f.malformed++
		return
	}
	f.partial, f.payload = f.partial[:0], h.Length
	if h.Opcode.IsControl() {
		return
	}
	f.frames++
	if h.Opcode != wire.OpContinuation {
		f.messages++
		if h.RSV&wire.RSV1 != 0 {
			f.compressed++
		}
	}
}
