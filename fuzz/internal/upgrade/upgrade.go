// Package upgrade contains the code that the targets for the two sides of the opening
// handshake share: the options that an input selects, and a function that reads a connection
// to its end.
package upgrade

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/permessage"
	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Patience limits the time for one input. No input waits for a timeout.
const Patience = 20 * time.Second

// Watch panics after Patience, unless the returned function is called first.
func Watch() (stop func()) {
	t := time.AfterFunc(Patience, func() { panic("the handshake hangs") })
	return func() { t.Stop() }
}

// Heads returns the handshakes of the compliance suite's cases. It parses them once:
// libFuzzer calls a target anew for each input.
var Heads = sync.OnceValue(seeds.Heads)

// A Setup selects the options of a server or a client, and the form of the input.
type Setup uint16

// The bits of a Setup.
const (
	Protocols     = 1 << iota
	Deflate       // with a window of 8 bits, plus the three bits at WindowShift
	NoTakeover    // of context by deflate
	AnyWindow     // is accepted from the peer
	_             // the size of the window
	_             // the size of the window
	_             // the size of the window
	AnyOrigin     // is accepted
	Patterns      // of origins are accepted
	ForeignFields // are in the answer, set by other code
	NoNull        // is among the patterns
	NoFieldLimit  // on the Sec-WebSocket fields
	TLS           // carried the request
	_             // unused
	Endless       // is the response
	Composed      // is the input, by package handshake from a script
)

const (
	WindowShift = 4 // of the size of the window
	LimitShift  = 8 // of two bits that are an index of HeaderLimits, for a client
)

// The setups of most seeds.
const (
	UsualServer = Protocols | Deflate | 5<<WindowShift | Patterns
	UsualClient = Protocols | Deflate | 7<<WindowShift
)

// Has reports whether a bit of s is set.
func (s Setup) Has(bit Setup) bool { return s&bit != 0 }

// Server returns the options of a server, and the model of a server with the same options.
func (s Setup) Server() (*websocket.AcceptOptions, *handshake.Server) {
	o, m := &websocket.AcceptOptions{}, &handshake.Server{}
	if s.Has(Protocols) {
		o.Subprotocols = []string{"v2.json", "chat", "Chat"}
	}
	if s.Has(Deflate) {
		side := s.side()
		m.Deflate = &side
		o.Extensions = []wire.Extension{newDeflate(side)}
	}
	if s.Has(Patterns) {
		o.Origins = []string{
			"https://*.example", "app.example.com", "localhost:*", "http*://a*b.c:8080", "null",
		}
		if s.Has(NoNull) {
			o.Origins = o.Origins[:4]
		}
	}
	if s.Has(ForeignFields) {
		o.Header = http.Header{"X-Own": {"1", "2"}}
	}
	if s.Has(NoFieldLimit) {
		o.Limits.MaxHandshakeFields, m.MaxFields = -1, -1
	}
	o.InsecureAnyOrigin = s.Has(AnyOrigin)
	m.Subprotocols, m.Origins, m.AnyOrigin = o.Subprotocols, o.Origins, o.InsecureAnyOrigin
	return o, m
}

// HeaderLimits are limits on the header of a response, in bytes. 0 is the default.
var HeaderLimits = [4]int{0, 200, 500, 5000}

// Client returns the options of a client, and the model of a client with the same options.
func (s Setup) Client() (*websocket.DialOptions, *handshake.Client) {
	o, m := &websocket.DialOptions{}, &handshake.Client{}
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	if s.Has(Protocols) {
		o.Subprotocols = []string{"chat", "v2.json", "SPDY/3.1+portforward.k8s.io"}
	}
	if s.Has(Deflate) {
		ext := newDeflate(s.side())
		o.Extensions = []wire.Extension{ext}
		m.Offers = permessage.Elements(ext.Offer(nil))
	}
	o.Limits.MaxResponseHeader = int64(HeaderLimits[s>>LimitShift&3])
	m.MaxHeader = int(o.Limits.MaxResponseHeader)
	if m.MaxHeader == 0 {
		m.MaxHeader = 64 << 10 // as documented
	}
	m.Subprotocols = o.Subprotocols
	return o, m
}

func (s Setup) side() handshake.Side {
	bits := 8 + int(s>>WindowShift&7)
	side := handshake.Side{Bits: bits, Receive: bits, NoContext: s.Has(NoTakeover)}
	if s.Has(AnyWindow) {
		side.Receive = 15
	}
	return side
}

func newDeflate(s handshake.Side) *deflate.Extension {
	return deflate.MustNew(&deflate.Options{
		WindowBits: s.Bits, MaxReceiveWindowBits: s.Receive, NoContextTakeover: s.NoContext,
	})
}

// ReadAll reads a connection to its end, and returns what it read and the error as text.
func ReadAll(c *websocket.Conn) string {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	var b strings.Builder
	for {
		typ, p, err := c.Read(ctx)
		if err != nil {
			fmt.Fprintf(&b, "then %v", err)
			return b.String()
		}
		fmt.Fprintf(&b, "%v %q, ", typ, p)
	}
}
