package deflate

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/wire"
)

// An Extension is permessage-deflate with its pools of compressors. It implements
// [wire.Extension]. Share one among all connections of servers and clients. It is safe for
// concurrent use.
type Extension struct {
	opts        Options
	offers      []params      // of a client
	sessions    atomic.Uint64 // the number of sessions so far
	compressors compressors
	inflaters   sync.Pool // of *inflater
}

// New returns an Extension. opts may be nil. New returns an error if a window size in opts
// is neither 0 nor 8 to 15, or if Offers is not a list of valid offers.
func New(opts *Options) (*Extension, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Extension{opts: o}
	if e.offers, err = e.opts.offers(); err != nil {
		return nil, err
	}
	e.compressors.init()
	e.inflaters.New = func() any { return newInflater() }
	return e, nil
}

// MustNew is like [New] but panics if opts is invalid. It is for options that are nil or
// constant.
func MustNew(opts *Options) *Extension {
	e, err := New(opts)
	if err != nil {
		panic(err)
	}
	return e
}

// Offer implements [wire.Extension]. By default it makes one offer, which browsers make
// too: "permessage-deflate; client_max_window_bits".
func (e *Extension) Offer(dst []wire.ExtensionSpec) []wire.ExtensionSpec {
	for _, p := range e.offers {
		dst = append(dst, p.element())
	}
	return dst
}

// Accept implements [wire.Extension]. It accepts the first valid offer and honors all of
// it. It skips offers with a parameter that is unknown, repeated or invalid (RFC 7692,
// section 7).
func (e *Extension) Accept(offers iter.Seq[wire.ExtensionSpec]) (wire.ExtensionSpec, wire.Session, bool) {
	for o := range offers {
		if o.Name != extensionName {
			continue
		}
		p, err := parseParams(o, false)
		if err != nil {
			continue
		}
		a := e.answer(p)
		return a.element(), e.newSession(a.server(), a.client()), true
	}
	return wire.ExtensionSpec{}, nil, false
}

// answer returns a server's answer to the offer p. By default it has no parameter that was
// not offered, because clients fail on such parameters or ignore them.
func (e *Extension) answer(p params) params {
	o := &e.opts
	a := params{
		serverNoContext: p.serverNoContext || o.NoContextTakeover,
		clientNoContext: p.clientNoContext || o.NoContextTakeover,
	}
	if p.serverBits > 0 {
		a.serverBits = o.sent(p.serverBits)
	}
	switch {
	case !o.bounded():
	case p.clientBits > 0:
		a.clientBits = min(o.MaxReceiveWindowBits, p.clientBits)
	case p.clientBits == unsizedWindow:
		a.clientBits = o.MaxReceiveWindowBits
	default:
		a.clientNoContext = true
	}
	return a
}

// Confirm implements [wire.Extension]. It returns an [*Error] if answer is invalid or
// matches no offer.
func (e *Extension) Confirm(answer wire.ExtensionSpec) (wire.Session, error) {
	if answer.Name != extensionName {
		return nil, negotiationError("5", "extension %q was not offered", answer.Name)
	}
	a, err := parseParams(answer, true)
	if err != nil {
		return nil, err
	}
	ours, answered := a.client(), false
	for _, p := range e.offers {
		mismatch := a.answers(p)
		if mismatch != nil {
			err = mismatch
			continue
		}
		answered = true
		// With an offer, a client promises to obey its own parameters even if the
		// answer leaves them out (sections 7.1.1.2 and 7.1.2.2). If the answer matches
		// several offers, the server may have accepted any of them, so obey them all.
		ours.takeover = ours.takeover && !p.clientNoContext
		if p.clientBits > 0 {
			ours.bits = min(ours.bits, p.clientBits)
		}
	}
	if !answered {
		return nil, err
	}
	return e.newSession(ours, a.server()), nil
}
