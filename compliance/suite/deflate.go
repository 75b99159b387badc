package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/hawser/wire"
)

const extensionName = "permessage-deflate"

// A Deflate is how a case negotiates permessage-deflate (RFC 7692).
type Deflate struct {
	Offers []DeflateParams // what we offer as a client, in order

	// Wants is what we want as a server, in order: the first that an offer of
	// the client lets us ask for.
	Wants []DeflateParams
}

// DeflateParams are the parameters of an offer or an answer. For an offer,
// ClientBits -1 says that the client can size its window.
type DeflateParams struct {
	ServerNoContext, ClientNoContext bool
	ServerBits, ClientBits           int // 8 to 15; 0: none
}

// element is the parameters as an element of a Sec-WebSocket-Extensions field.
func (d DeflateParams) element() wire.Offer {
	o := wire.Offer{Name: extensionName}
	add := func(on bool, name, value string) {
		if on {
			o.Params = append(o.Params, wire.Param{Name: name, Value: value})
		}
	}
	add(d.ClientNoContext, "client_no_context_takeover", "")
	add(d.ClientBits < 0, "client_max_window_bits", "")
	add(d.ServerNoContext, "server_no_context_takeover", "")
	add(d.ServerBits > 0, "server_max_window_bits", strconv.Itoa(d.ServerBits))
	add(d.ClientBits > 0, "client_max_window_bits", strconv.Itoa(d.ClientBits))
	return o
}

// parseDeflate reads an offer of a client, or with answer the answer of a server.
func parseDeflate(o wire.Offer, answer bool) (d DeflateParams, err error) {
	seen := map[string]bool{}
	for _, p := range o.Params {
		if seen[p.Name] {
			return d, fmt.Errorf("parameter %s stands twice", p.Name)
		}
		seen[p.Name] = true
		bits, bad := strconv.Atoi(p.Value)
		ranged := bad == nil && bits >= 8 && bits <= 15
		switch {
		case p.Name == "server_no_context_takeover" && p.Value == "":
			d.ServerNoContext = true
		case p.Name == "client_no_context_takeover" && p.Value == "":
			d.ClientNoContext = true
		case p.Name == "server_max_window_bits" && ranged:
			d.ServerBits = bits
		case p.Name == "client_max_window_bits" && ranged:
			d.ClientBits = bits
		case p.Name == "client_max_window_bits" && p.Value == "" && !answer:
			d.ClientBits = -1
		default:
			return d, fmt.Errorf("parameter %s=%q is none of %s", p.Name, p.Value, extensionName)
		}
	}
	return d, nil
}

// accept chooses an answer to the offers of a client, as the original does: each
// want goes through the offers.
func (d *Deflate) accept(offers []wire.Offer) (answer DeflateParams, ok bool) {
	for _, want := range d.Wants {
		for _, o := range offers {
			p, err := parseDeflate(o, false)
			if o.Name != extensionName || err != nil || want.ClientBits > 0 && p.ClientBits == 0 {
				continue
			}
			answer = want
			answer.ServerNoContext, answer.ServerBits = p.ServerNoContext, p.ServerBits
			return answer, true
		}
	}
	return answer, false
}

// A deflater is permessage-deflate on one connection of ours.
type deflater struct {
	w              *flate.Writer
	out            bytes.Buffer
	bits           int
	keepUs         bool // our context goes on
	fresh          bool // no message was compressed yet
	r              io.ReadCloser
	in             bytes.Reader
	window         []byte // the end of what came, if the peer's context goes on
	keepPeer       bool
	inflated, size []byte
}

// newDeflater makes a deflater for what was agreed on.
func newDeflater(d DeflateParams, server bool) *deflater {
	f := &deflater{bits: d.ClientBits, keepUs: !d.ClientNoContext, keepPeer: !d.ServerNoContext, fresh: true}
	if server {
		f.bits, f.keepUs, f.keepPeer = d.ServerBits, !d.ServerNoContext, !d.ClientNoContext
	}
	var err error
	if f.bits <= 0 || f.bits == 15 {
		f.w, err = flate.NewWriter(&f.out, 1)
	} else {
		f.w, err = flate.NewWriterWindow(&f.out, 1<<f.bits)
	}
	if err != nil {
		panic("BUG: suite: " + err.Error())
	}
	f.r = flate.NewReader(&f.in)
	return f
}

const tail = "\x00\x00\xff\xff"

// compress returns the payload of a compressed message (RFC 7692, section 7.2.1).
func (f *deflater) compress(data []byte) []byte {
	f.out.Reset()
	if !f.keepUs && !f.fresh {
		f.w.Reset(&f.out)
	}
	f.fresh = false
	_, _ = f.w.Write(data) // a bytes.Buffer does not fail
	_ = f.w.Flush()
	return f.out.Bytes()[:f.out.Len()-len(tail)]
}

var errInflate = errors.New("compressed data is not DEFLATE")

// inflate returns the message of a compressed payload, valid until the next call
// (RFC 7692, section 7.2.2).
func (f *deflater) inflate(data []byte) ([]byte, error) {
	f.size = append(append(f.size[:0], data...), tail...)
	f.in.Reset(f.size)
	if err := f.r.(flate.Resetter).Reset(&f.in, f.window); err != nil {
		return nil, err
	}
	out := f.inflated[:0]
	for {
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
		n, err := f.r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		f.inflated = out
		if len(out) > maxReceived {
			return nil, errors.New("inflates to more than 64 MiB")
		}
		if err == io.ErrUnexpectedEOF || err == io.EOF {
			break // the tail ends in a block's header, not in a final block
		}
		if err != nil {
			return nil, errInflate
		}
	}
	if f.keepPeer {
		f.window = append(f.window, out[max(0, len(out)-1<<15):]...)
		f.window = append(f.window[:0], f.window[max(0, len(f.window)-1<<15):]...)
	}
	return out, nil
}
