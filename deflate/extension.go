package deflate

import (
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/wire"
)

// Options configure an [Extension]. A nil pointer is valid and means the zero
// value. They are copied.
type Options struct {
	// WindowBits is the size of the windows that this side compresses with and
	// asks its peer to compress with: 2^WindowBits bytes, 8 to 15. The peer may
	// ask for less. A connection holds one window for each direction that takes
	// its context over. 0 means DefaultWindowBits, or 15 with NoContextTakeover,
	// when no window is held.
	WindowBits int

	// NoContextTakeover lets every message stand by itself, in both directions.
	// Nothing is held between messages. Messages that resemble the ones before
	// them compress less.
	NoContextTakeover bool

	// AllowLargeWindow concerns servers. A client that has not said that it can
	// size its window uses 32 KiB. By default it is told not to take its context
	// over, so that no such window is held; with AllowLargeWindow it may, and
	// the connection holds up to 32 KiB for it.
	AllowLargeWindow bool

	// Threshold is the size in bytes below which a message goes out plain. A
	// streamed message, whose size nobody knows, is compressed. 0 means
	// DefaultThreshold, negative compresses all.
	Threshold int
}

// The values of Options that are zero.
const (
	DefaultWindowBits = 12  // windows of 4 KiB
	DefaultThreshold  = 128 // bytes; shorter messages gain nothing or grow
)

// An Extension is permessage-deflate with its pools. It implements
// [wire.Extension] and never changes: share one among all connections, of both
// roles.
type Extension struct {
	opts        Options
	sessions    atomic.Uint64                // how many there have been
	compressors [maxWindowBits + 1]sync.Pool // of *compressor, by window bits
	inflaters   sync.Pool                    // of *inflater
	halves      halves
}

// New returns an Extension. It panics if WindowBits is neither 0 nor 8 to 15.
func New(opts *Options) *Extension {
	e := &Extension{}
	if opts != nil {
		e.opts = *opts
	}
	o := &e.opts
	switch {
	case o.WindowBits == 0 && o.NoContextTakeover:
		o.WindowBits = maxWindowBits
	case o.WindowBits == 0:
		o.WindowBits = DefaultWindowBits
	case o.WindowBits < minWindowBits || o.WindowBits > maxWindowBits:
		panic(fmt.Sprintf("deflate: WindowBits is %d, not 8 to 15", o.WindowBits))
	}
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	for bits := minWindowBits; bits <= maxWindowBits; bits++ {
		e.compressors[bits].New = func() any { return newCompressor(1 << bits) }
	}
	e.inflaters.New = func() any { return newInflater() }
	return e
}

// offers returns what a client offers, the most wanted first: that the server
// shrinks its window, else that it keeps none, else whatever it likes.
func (e *Extension) offers() []params {
	p := params{
		serverNoContext: e.opts.NoContextTakeover,
		clientNoContext: e.opts.NoContextTakeover,
		clientBits:      unsizedWindow,
	}
	bits := e.opts.WindowBits
	if bits == maxWindowBits {
		return []params{p}
	}
	p.clientBits = bits
	small, none := p, p
	small.serverBits = bits
	none.serverNoContext = true
	if p.serverNoContext {
		return []params{small, p}
	}
	return []params{small, none, p}
}

// Offer implements [wire.Extension]. A client with the zero Options offers three
// elements, so that a server that knows less than all four parameters finds one:
// that it keeps its window at 4 KiB, that it takes no context over, or neither.
// In the last case the connection holds 32 KiB for what it receives.
func (e *Extension) Offer(dst []wire.Offer) []wire.Offer {
	for _, p := range e.offers() {
		dst = append(dst, p.element())
	}
	return dst
}

// Accept implements [wire.Extension]. It takes the first offer that is valid:
// each can be honoured in full. One with a parameter that is unknown, stands
// twice or has a value out of range is passed over (RFC 7692, section 7).
func (e *Extension) Accept(offers iter.Seq[wire.Offer]) (wire.Offer, wire.Session, bool) {
	for o := range offers {
		if o.Name != extensionName {
			continue
		}
		p, err := parseParams(o, false)
		if err != nil {
			continue
		}
		a := e.answer(p)
		ours, theirs := e.opts.WindowBits, maxWindowBits
		if a.serverBits > 0 {
			ours = a.serverBits
		}
		if a.clientBits > 0 {
			theirs = a.clientBits
		}
		return a.element(), e.newSession(ours, a.serverNoContext, theirs, a.clientNoContext), true
	}
	return wire.Offer{}, nil, false
}

// answer returns what a server answers to the offer p.
func (e *Extension) answer(p params) params {
	a := params{
		serverNoContext: p.serverNoContext || e.opts.NoContextTakeover,
		clientNoContext: p.clientNoContext || e.opts.NoContextTakeover,
	}
	own := e.opts.WindowBits
	if p.serverBits > 0 {
		a.serverBits = min(own, p.serverBits)
	} else if own < maxWindowBits {
		a.serverBits = own // unasked: the client may hold less (section 7.1.2.1)
	}
	switch {
	case p.clientBits > 0:
		a.clientBits = min(own, p.clientBits)
	case p.clientBits == unsizedWindow && own < maxWindowBits:
		a.clientBits = own
	case p.clientBits == 0 && own < maxWindowBits && !e.opts.AllowLargeWindow:
		a.clientNoContext = true
	}
	return a
}

// Confirm implements [wire.Extension]. An answer that is no answer to any offer is
// an [*Error].
func (e *Extension) Confirm(answer wire.Offer) (wire.Session, error) {
	if answer.Name != extensionName {
		return nil, negotiationError("5", "extension %q was not offered", answer.Name)
	}
	a, err := parseParams(answer, true)
	if err != nil {
		return nil, err
	}
	for _, p := range e.offers() {
		if err = a.answers(p); err != nil {
			continue
		}
		ours := e.opts.WindowBits
		if a.clientBits > 0 {
			ours = min(ours, a.clientBits)
		}
		theirs := maxWindowBits
		if a.serverBits > 0 {
			theirs = a.serverBits
		}
		oursNoContext := a.clientNoContext || e.opts.NoContextTakeover
		return e.newSession(ours, oursNoContext, theirs, a.serverNoContext), nil
	}
	return nil, err
}
