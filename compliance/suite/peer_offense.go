package suite

import (
	"bytes"
	"errors"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// maxRecorded bounds, in octets, what is kept of each direction to find the place of
// a fault. A case that sends more has none to show.
const maxRecorded = 1 << 20

// A recording is the octets of one direction, behind the handshake.
type recording struct {
	octets []byte
	lost   bool // there were more than maxRecorded
}

func (r *recording) add(b []byte) {
	if r.lost = r.lost || len(r.octets)+len(b) > maxRecorded; r.lost {
		r.octets = nil
		return
	}
	r.octets = append(r.octets, b...)
}

// offense finds the octet at fault in a case that fell short: one that the peer
// sent, whose rule it broke, or else one of ours that it should have refused. nil if
// there is none.
func (p *peer) offense() *report.Offense {
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

// find reads a recording as a side would, up to the first octet that breaks a rule.
func (p *peer) find(r recording, reader wire.Role) (*report.Offense, wire.Violation) {
	d := wire.Decoder{Role: reader, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1}
	if p.deflate != nil {
		d.RSV = wire.RSV1
	}
	var broken *wire.Error
	for b := bytes.Clone(r.octets); len(b) > 0; { // a Decoder unmasks in place
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
	at := int(min(broken.Offset, int64(len(r.octets)-1)))
	start := max(0, at-127)
	return &report.Offense{
		Start: int64(start), Octets: r.octets[start:min(len(r.octets), start+256)], Offset: at - start,
		Length: 1,
		What:   broken.Violation.Error(),
	}, broken.Violation
}
