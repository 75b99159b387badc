package wstest

import (
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A TB reports failures. [testing.TB] has its methods, and so has a *testing.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

// timeout is how long a step of a Peer waits.
const timeout = time.Minute

// A Peer is one side of a connection that does what a test tells it, and nothing on its own: it
// answers no ping and no close frame, and checks only what it is told to expect.
//
// A step that fails is reported to the TB. A step that waits takes at most a minute.
type Peer struct {
	tb   TB
	nc   net.Conn
	role wire.Role
	key  [4]byte
	got  []byte // read and not yet consumed
}

// NewPeer returns a Peer over nc with the given role. A client masks the frames that it sends. If
// tb is nil, a step that fails panics.
func NewPeer(tb TB, nc net.Conn, role wire.Role) *Peer {
	panic("not yet")
}

// Accept reads the request of an opening handshake, and answers it with 101 and the fields of
// header, which may replace those of a correct response. The Peer must be a server.
func (p *Peer) Accept(header http.Header) *http.Request { panic("not yet") }

// Dial sends the request of an opening handshake, with the fields of header, which may replace
// those of a correct request, and returns the response. The Peer must be a client.
func (p *Peer) Dial(header http.Header) *http.Response { panic("not yet") }

// Write sends b as it is.
func (p *Peer) Write(b []byte) { panic("not yet") }

// Send sends a frame. A client masks it.
func (p *Peer) Send(op wire.Opcode, fin bool, payload string) { panic("not yet") }

// SendHeader sends a frame with any header, even one that does not fit the payload or the role. If
// h.Masked is set, the payload is masked with h.Key.
func (p *Peer) SendHeader(h wire.Header, payload string) { panic("not yet") }

// SendClose sends a close frame.
func (p *Peer) SendClose(code wire.StatusCode, reason string) { panic("not yet") }

// Next reads the next frame, and returns its payload without masking.
func (p *Peer) Next() (wire.Header, []byte, error) { panic("not yet") }

// Expect reads the next frame, and fails if it is another.
func (p *Peer) Expect(op wire.Opcode, fin bool, payload string) { panic("not yet") }

// ExpectClose reads the next frame, fails if it is not a close frame with code, and returns its
// reason.
func (p *Peer) ExpectClose(code wire.StatusCode) (reason string) { panic("not yet") }

// ExpectEOF fails if the other side sends anything more before it ends the stream.
func (p *Peer) ExpectEOF() { panic("not yet") }

// NetConn returns the transport.
func (p *Peer) NetConn() net.Conn { return p.nc }
