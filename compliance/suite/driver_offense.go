package suite

import (
	"bytes"
	"errors"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// maxRecorded limits, in bytes, how much of each direction is kept to find the byte that broke a rule. If
// there was more, the report does not show such a byte.
const maxRecorded = 1 << 20

// A recording is the bytes of one direction after the opening handshake.
type recording struct {
	data []byte
	lost bool // there were more than maxRecorded
}

func (r *recording) add(b []byte) {
	if r.lost = r.lost || len(r.data)+len(b) > maxRecorded; r.lost {
		r.data = nil
		return
	}
	r.data = append(r.data, b...)
}

// offense finds the byte to show in a case that did not pass: one with which the peer broke a rule, or
// else one of ours that the peer should have refused. It returns nil if there is none.
func (p *driver) offense() *report.Offense {
	us, peer := wire.Client, wire.Server
	if p.server {
		us, peer = peer, us
	}
	if o, v := p.find(p.got, us); o != nil {
		if broken, ok := sentRules[v]; ok && p.want.ClosedByMe && broken.Text != p.res.Rule.Text {
			p.res.Broken = &broken
		}
		return o
	}
	o, _ := p.find(p.sent, peer)
	if o != nil {
		o.Sent = true
	}
	return o
}

// find decodes a recording as the reader does, up to the first byte that breaks a rule.
func (p *driver) find(r recording, reader wire.Role) (*report.Offense, wire.Violation) {
	d := wire.Decoder{Role: reader, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1}
	if p.deflate != nil {
		d.RSV = wire.RSV1
	}
	var broken *wire.Error
	for b := bytes.Clone(r.data); len(b) > 0; { // a Decoder unmasks in place
		_, n, err := d.Next(b)
		if errors.As(err, &broken) {
			break
		}
		if b = b[n:]; err != nil {
			return nil, 0
		}
	}
	if broken == nil {
		return nil, 0
	}
	at := int(min(broken.Offset, int64(len(r.data)-1)))
	start := max(0, at-127)
	return &report.Offense{
		Start: int64(start), Octets: r.data[start:min(len(r.data), start+256)], Offset: at - start,
		Length: 1,
		What:   broken.Violation.Error(),
	}, broken.Violation
}
