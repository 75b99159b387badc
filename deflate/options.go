package deflate

import (
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// Options configure an [Extension]. A nil pointer is valid and means the zero
// value. They are copied.
type Options struct {
	// WindowBits is the size of the window that this side compresses with:
	// 2^WindowBits bytes, 8 to 15. With context takeover a connection keeps that
	// much of the messages it sent. A peer may ask for less, and need not be told:
	// it receives up to 32 KiB of window unless it says otherwise. 0 means
	// DefaultWindowBits, or 15 with NoContextTakeover, when nothing is kept.
	WindowBits int

	// MaxReceiveWindowBits bounds the window that a connection holds for messages
	// it receives: 2^MaxReceiveWindowBits bytes, 8 to 15. 0 means 15, the largest
	// window of DEFLATE, and asks nothing of a peer; a connection then holds as
	// much as it received, up to 32 KiB.
	//
	// With 8 to 14 a server answers client_max_window_bits if the client offered
	// it, and client_no_context_takeover otherwise. Jetty 11 and 12, Tyrus and
	// Safari 15 ignore the latter and fail at their second message; Netty clients
	// refuse it. A client offers server_max_window_bits, then
	// server_no_context_takeover.
	MaxReceiveWindowBits int

	// NoContextTakeover compresses each message by itself, in both directions, so
	// that a connection holds nothing between messages. Messages that resemble
	// earlier ones compress less. A server answers both no_context_takeover
	// parameters, of which some clients ignore or refuse the one for them (see
	// MaxReceiveWindowBits). A client offers both, then falls back to its default
	// offer, with which a server may take its context over.
	NoContextTakeover bool

	// Offers replaces the offers of a client. They are written as in the
	// Sec-WebSocket-Extensions field, the most wanted first:
	// "permessage-deflate" for a server that knows no parameters. "" means
	// "permessage-deflate; client_max_window_bits", which browsers offer, or the
	// offers that MaxReceiveWindowBits and NoContextTakeover describe.
	Offers string

	// Threshold is the size in bytes below which a message is sent uncompressed.
	// A streamed message, whose size is unknown, is compressed. 0 means
	// DefaultThreshold; a negative value compresses every message.
	Threshold int
}

// The defaults of Options.
const (
	DefaultWindowBits = 12  // windows of 4 KiB
	DefaultThreshold  = 128 // bytes; shorter messages gain nothing or grow
)

// withDefaults returns a copy of o, which may be nil, with zero values replaced. It
// panics if a window size is out of range.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	switch {
	case c.WindowBits == 0 && c.NoContextTakeover:
		c.WindowBits = maxWindowBits
	case c.WindowBits == 0:
		c.WindowBits = DefaultWindowBits
	}
	if c.MaxReceiveWindowBits == 0 {
		c.MaxReceiveWindowBits = maxWindowBits
	}
	if c.Threshold == 0 {
		c.Threshold = DefaultThreshold
	}
	checkBits("WindowBits", c.WindowBits)
	checkBits("MaxReceiveWindowBits", c.MaxReceiveWindowBits)
	return c
}

func checkBits(name string, bits int) {
	if bits < minWindowBits || bits > maxWindowBits {
		panic(fmt.Sprintf("deflate: %s is %d, not 8 to 15", name, bits))
	}
}

// bounded reports whether the options ask peers for small windows.
func (o *Options) bounded() bool { return o.MaxReceiveWindowBits < maxWindowBits }

// offers returns what a client offers, the most wanted first. It panics if Offers is
// no list of valid offers.
func (o *Options) offers() (all []params) {
	if o.Offers != "" {
		return parseOffers(o.Offers)
	}
	if o.NoContextTakeover {
		all = append(all, params{serverNoContext: true, clientNoContext: true, clientBits: unsizedWindow})
	}
	switch {
	case !o.bounded():
		all = append(all, params{clientBits: unsizedWindow})
	case o.NoContextTakeover:
		all = append(all, params{serverBits: o.MaxReceiveWindowBits, clientBits: unsizedWindow})
	default:
		all = append(all,
			params{serverBits: o.MaxReceiveWindowBits, clientBits: unsizedWindow},
			params{serverNoContext: true, clientBits: unsizedWindow})
	}
	return all
}

func parseOffers(field string) (all []params) {
	offers, err := wire.ParseExtensions([]string{field})
	for _, offer := range offers {
		var p params
		if offer.Name != extensionName {
			err = fmt.Errorf("extension %q is not %s", offer.Name, extensionName)
		} else if p, err = parseParams(offer, false); err == nil {
			all = append(all, p)
		}
		if err != nil {
			break
		}
	}
	if err != nil || len(all) == 0 {
		panic(fmt.Sprintf("deflate: Offers is %q: %v", field, err))
	}
	return all
}
