// Package permessage drives sessions of package deflate as a connection does. It checks
// the contract of package wire and RFC 7692, and compares the results with other inflaters.
package permessage

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/wire"
)

// extensions maps options to the extensions of all inputs, which share their pools, as the
// connections of a program do.
var extensions sync.Map

func extension(o deflate.Options) *deflate.Extension {
	e, ok := extensions.Load(o)
	if !ok {
		e, _ = extensions.LoadOrStore(o, deflate.MustNew(&o))
	}
	return e.(*deflate.Extension)
}

// Pair returns the sessions of the two ends of a connection that has agreed on p. threshold
// and bits are the options Threshold and WindowBits of both ends.
func Pair(threshold, bits int, p handshake.Params) (server, client wire.Session, err error) {
	offer := wire.ExtensionSpec{Name: handshake.Deflate}
	add := func(wanted bool, name, value string) {
		if wanted {
			offer.Params = append(offer.Params, wire.Param{Name: name, Value: value})
		}
	}
	if p.ClientBits == 15 {
		p.ClientBits = 0 // a server without a lower limit does not answer it
	}
	o := deflate.Options{WindowBits: bits, Threshold: threshold}
	bounded := o
	bounded.MaxReceiveWindowBits = p.ClientBits
	add(p.ServerNoContext, "server_no_context_takeover", "")
	add(p.ClientNoContext, "client_no_context_takeover", "")
	add(p.ServerBits > 0, "server_max_window_bits", strconv.Itoa(p.ServerBits))
	add(p.ClientBits > 0, "client_max_window_bits", strconv.Itoa(p.ClientBits))
	answer, server, ok := extension(bounded).Accept(slices.Values([]wire.ExtensionSpec{offer}))
	if !ok {
		return nil, nil, fmt.Errorf("offer %+v is declined", offer)
	}
	if got, ok := handshake.ParseParams(Element(answer), true); !ok || got != p {
		return nil, nil, fmt.Errorf("offer %+v is answered with %+v", offer, answer)
	}
	client, err = extension(o).Confirm(answer)
	return server, client, err
}

// Split returns the payloads in data, each of which follows its length in two bytes.
func Split(data []byte) (payloads [][]byte) {
	for len(data) > 2 && len(payloads) < 32 {
		n := min(int(binary.LittleEndian.Uint16(data)), len(data)-2)
		payloads = append(payloads, data[2:2+n:2+n])
		data = data[2+n:]
	}
	return payloads
}

// Framed is the inverse of Split.
func Framed(payloads [][]byte) (data []byte) {
	for _, p := range payloads {
		data = append(binary.LittleEndian.AppendUint16(data, uint16(len(p))), p...)
	}
	return data
}

// Crafted returns the payloads that inflate.Craft makes of a script.
func Crafted(script []byte) (payloads [][]byte) {
	for len(script) > 0 && len(payloads) < 32 {
		var p []byte
		p, script = inflate.Craft(script)
		payloads = append(payloads, p)
	}
	return payloads
}

// Element converts an offer or answer for the model.
func Element(o wire.ExtensionSpec) model.Extension {
	e := model.Extension{Name: o.Name}
	for _, p := range o.Params {
		e.Params = append(e.Params, model.Param(p))
	}
	return e
}

// Elements converts offers for the model.
func Elements(offers []wire.ExtensionSpec) (all []model.Extension) {
	for _, o := range offers {
		all = append(all, Element(o))
	}
	return all
}
