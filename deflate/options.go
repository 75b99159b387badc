package deflate

import (
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// Options configure an [Extension]. A nil pointer is valid and means the zero value. An
// Extension copies its Options.
type Options struct {
	// WindowBits is the size of the window with which this side compresses, 8 to 15
	// bits: no reference reaches back more than 2^WindowBits bytes. With context
	// takeover, a connection keeps that many bytes of the messages it sent. The peer
	// may ask for a smaller window. A peer that does not ask for a window is not told
	// WindowBits, and keeps 32 KiB. 0 means that references within a message reach back
	// as far as the peer allows, and that a connection keeps 2^DefaultWindowBits bytes
	// for references to earlier messages.
	WindowBits int

	// MaxReceiveWindowBits is the size of the largest window that a connection keeps of
	// the messages it receives, 8 to 15 bits: at most 2^MaxReceiveWindowBits bytes, but
	// at least 512. 0 means 15, the largest window of DEFLATE, and asks nothing of the
	// peer. The window then grows up to 32 KiB as messages arrive.
	//
	// With 8 to 14, a server answers client_max_window_bits if the client offered it,
	// and client_no_context_takeover otherwise. Jetty 11 and 12, Tyrus, Tornado and
	// Safari 15 ignore the latter and fail at their second message. Netty clients
	// refuse it. A client offers server_max_window_bits, then
	// server_no_context_takeover. The opening handshake of such a client fails with
	// servers that accept the first of these offers and ignore its parameters, such as
	// Jetty and Tyrus.
	MaxReceiveWindowBits int

	// NoContextTakeover compresses each message alone, in both directions, so that a
	// connection keeps nothing between messages. Messages that resemble earlier ones
	// become larger. A server answers both no_context_takeover parameters. Some clients
	// ignore or refuse client_no_context_takeover (see MaxReceiveWindowBits). A client
	// first offers both parameters, and then makes its default offer. A server that
	// accepts the latter may use context takeover, and the client then keeps a window
	// of the messages it receives.
	NoContextTakeover bool

	// Offers replaces the offers of a client. They are written as in the
	// Sec-WebSocket-Extensions field, in order of preference. Use "permessage-deflate"
	// for a server that does not know the parameters. "" means
	// "permessage-deflate; client_max_window_bits", which browsers offer, or the offers
	// that MaxReceiveWindowBits and NoContextTakeover describe.
	Offers string

	// Threshold is the size, in bytes, below which a message is sent uncompressed. A
	// streamed message, whose size is unknown, is always compressed. 0 means
	// DefaultThreshold. A negative value compresses every message.
	Threshold int
}

// The defaults of Options.
const (
	DefaultWindowBits = 11  // a connection keeps 2 KiB of the messages it sent
	DefaultThreshold  = 128 // bytes; smaller messages gain nothing or grow
)

// withDefaults returns a copy of o, which may be nil, with zero values replaced. It returns
// an error if a window size is out of range.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxReceiveWindowBits == 0 {
		c.MaxReceiveWindowBits = maxWindowBits
	}
	if c.Threshold == 0 {
		c.Threshold = DefaultThreshold
	}
	if c.WindowBits != 0 {
		if err := checkBits("WindowBits", c.WindowBits); err != nil {
			return c, err
		}
	}
	return c, checkBits("MaxReceiveWindowBits", c.MaxReceiveWindowBits)
}

func checkBits(name string, bits int) error {
	if bits < minWindowBits || bits > maxWindowBits {
		return fmt.Errorf("deflate: %s is %d, want 8 to 15, or 0 for the default", name, bits)
	}
	return nil
}

// sent returns the size in bits of the window with which this side compresses, if the peer
// allows a window of the given size.
func (o *Options) sent(bits int) int {
	if o.WindowBits == 0 {
		return bits
	}
	return min(bits, o.WindowBits)
}

// kept returns the size in bits of the window that a connection keeps of the messages it
// sent, if the peer allows a window of the given size.
func (o *Options) kept(bits int) int {
	if o.WindowBits == 0 {
		return min(bits, DefaultWindowBits)
	}
	return min(bits, o.WindowBits)
}

// bounded reports whether the options ask peers for a window below 32 KiB.
func (o *Options) bounded() bool { return o.MaxReceiveWindowBits < maxWindowBits }

// offers returns the offers of a client in order of preference. It returns an error if
// Offers is not a list of valid offers.
func (o *Options) offers() (all []params, err error) {
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
	return all, nil
}

func parseOffers(field string) (all []params, err error) {
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
	switch {
	case err != nil:
		return nil, fmt.Errorf("deflate: Offers is %q: %w", field, err)
	case len(all) == 0:
		return nil, fmt.Errorf("deflate: Offers is %q, which contains no offer", field)
	}
	return all, nil
}
