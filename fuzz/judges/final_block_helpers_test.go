package judges

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// behindFinal reports whether a compressed message has octets behind its first final
// block, up to which nothing is wrong with it. Most libraries stop reading there.
func (s *situation) behindFinal() bool {
	return s.reachesFinal(func(left int, _ wire.Header) bool { return left > 0 })
}

// goesOnFinal is behindFinal, or a frame must follow that may have no octets.
func (s *situation) goesOnFinal() bool {
	return s.reachesFinal(func(left int, h wire.Header) bool { return left > 0 || !h.Fin })
}

// reachesFinal reports whether a compressed message has a final block, up to which
// nothing is wrong with it, and like accepts how many octets are left behind it in the
// frames so far, of which h is the last.
func (s *situation) reachesFinal(like func(left int, h wire.Header) bool) bool {
	var first wire.Opcode
	var payload []byte // of a compressed message
	for h, end := range s.frames() {
		switch {
		case h.Opcode.IsControl():
			continue
		case h.Opcode != wire.OpContinuation:
			first, payload = h.Opcode, nil
			if h.RSV&wire.RSV1 != 0 {
				payload = []byte{}
			}
		}
		if payload == nil {
			continue
		}
		part := bytes.Clone(s.data[end-h.Length : min(end, int64(len(s.data)))])
		if h.Masked {
			wire.Mask(part, h.Key, 0)
		}
		payload = append(payload, part...)
		if left, ok := behind(payload, first == wire.OpText); ok && like(left, h) {
			return true
		}
	}
	return false
}

// behind returns how many octets of a payload stand behind its first final block. ok is
// false if there is none, or what comes before is a fault.
func behind(payload []byte, text bool) (left int, ok bool) {
	r := bytes.NewReader(payload)
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxMessage+1))
	return r.Len(), err == nil && len(data) <= maxMessage && (!text || validSoFar(data))
}

// validSoFar reports whether b is UTF-8, or can become it.
func validSoFar(b []byte) bool {
	for i := range min(utf8.UTFMax, len(b)+1) {
		if head, tail := b[:len(b)-i], b[len(b)-i:]; utf8.Valid(head) {
			return i == 0 || !utf8.FullRune(tail)
		}
	}
	return false
}

// restored returns the difference that there would be, had the library not dropped what
// stands behind the final blocks of messages; nil if it dropped nothing.
func (d *difference) restored() *difference {
	if !d.deflated || !d.compressed {
		return nil
	}
	list, changed := slices.Clone(d.theirs.messages), false
	for i := range min(len(list), len(d.ours.messages)) {
		m := d.ours.messages[i]
		if list[i] != m && list[i].text == m.text && strings.HasPrefix(m.data, list[i].data) {
			list[i], changed = m, true
		}
	}
	if !changed || !d.behindFinal() {
		return nil
	}
	other := *d
	other.theirs.messages = list
	return &other
}
