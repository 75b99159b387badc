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

// dataAfterFinal reports whether a compressed message has bytes after its first final block,
// and is valid up to there. Most libraries stop reading at that block.
func (s *situation) dataAfterFinal() bool {
	return s.anyFinal(func(left int, _ wire.Header) bool { return left > 0 })
}

// continuesAfterFinal is like dataAfterFinal, but also true if only an empty frame can follow.
func (s *situation) continuesAfterFinal() bool {
	return s.anyFinal(func(left int, h wire.Header) bool { return left > 0 || !h.Fin })
}

// anyFinal reports whether a compressed message has a final block and is valid up to
// there, and match accepts it. left is the number of bytes after the block in the frames so
// far, and h is the last of these frames.
func (s *situation) anyFinal(match func(left int, h wire.Header) bool) bool {
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
		if left, ok := afterFinal(payload, first == wire.OpText); ok && match(left, h) {
			return true
		}
	}
	return false
}

// afterFinal returns the number of bytes of a payload after its first final block. ok is
// false if there is no such block, or if there is a fault before it.
func afterFinal(payload []byte, text bool) (left int, ok bool) {
	r := bytes.NewReader(payload)
	data, err := io.ReadAll(io.LimitReader(flate.NewReader(r), maxMessage+1))
	return r.Len(), err == nil && len(data) <= maxMessage && (!text || validSoFar(data))
}

// validSoFar reports whether b is a prefix of valid UTF-8.
func validSoFar(b []byte) bool {
	for i := range min(utf8.UTFMax, len(b)+1) {
		if head, tail := b[:len(b)-i], b[len(b)-i:]; utf8.Valid(head) {
			return i == 0 || !utf8.FullRune(tail)
		}
	}
	return false
}

// restored returns the difference that would remain if the library had not dropped the
// bytes after the final blocks of messages. It returns nil if nothing was dropped.
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
	if !changed || !d.dataAfterFinal() {
		return nil
	}
	other := *d
	other.theirs.messages = list
	return &other
}
