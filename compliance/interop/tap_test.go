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

// A tap is the transport under a connection of ours. It keeps both handshake
// headers and counts what follows them, whatever the library says it has sent.
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

// Write counts first, so that who has seen the echo of a message finds it counted.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.out.add(p)
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// counts returns what has come and gone so far.
func (t *tap) counts() (in, out counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.in.counts, t.out.counts
}

// extensions returns the Sec-WebSocket-Extensions fields of the handshake, to the
// letter: that which came and that which went.
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
	begun   bool   // the header is complete
	partial []byte // the beginning of a frame's header
	payload int64  // bytes of the frame's payload to come
}

// counts are of the data frames in a flow, but for bytes, which are all that
// follow the handshake.
type counts struct {
	bytes                        int64
	messages, frames, compressed int // compressed are messages with RSV1
	malformed                    int // frames that have no valid header
}

func (c counts) since(d counts) counts {
	return counts{
		c.bytes - d.bytes,
		c.messages - d.messages, c.frames - d.frames, c.compressed - d.compressed,
		c.malformed - d.malformed,
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

// header counts the frame that partial begins, once its header is whole.
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
