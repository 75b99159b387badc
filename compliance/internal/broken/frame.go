package broken

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
)

// The opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// Close codes, RFC 6455, section 7.4.1.
const (
	codeNormal   = 1000
	codeProtocol = 1002
	codeNotUTF8  = 1007
	codePolicy   = 1008
	codeTooLarge = 1009
)

// A failure is a violation by the peer, and the code to close with.
type failure struct {
	code int
	why  string
}

func (f *failure) Error() string { return fmt.Sprintf("%d: %s", f.code, f.why) }

func fail(code int, why string) error { return &failure{code, why} }

// A header is the header of a frame.
type header struct {
	fin    bool
	rsv    byte // RSV1 is 4
	opcode byte
	masked bool
	length int64
	key    [4]byte
}

// readHeader reads and checks the header of the next frame.
func (p *peer) readHeader() (h header, err error) {
	var b [8]byte
	if err := p.fill(b[:2]); err != nil {
		return h, err
	}
	h.fin, h.rsv, h.opcode = b[0]&0x80 != 0, b[0]>>4&7, b[0]&15
	h.masked, h.length = b[1]&0x80 != 0, int64(b[1]&0x7f)
	if err := p.checkBits(h); err != nil {
		return h, err
	}
	switch {
	case h.length == 126 && !p.broken("length16-missing"):
		if err := p.fill(b[:2]); err != nil {
			return h, err
		}
		h.length = int64(binary.BigEndian.Uint16(b[:]))
		if p.broken("length16-swapped") {
			h.length = int64(binary.LittleEndian.Uint16(b[:]))
		}
		err = p.checkLength(h.length, 126)
	case h.length == 127 && !p.broken("length64-missing"):
		if err := p.fill(b[:8]); err != nil {
			return h, err
		}
		long := binary.BigEndian.Uint64(b[:])
		if p.broken("length-top-bit") {
			long &^= 1 << 63
		}
		if p.broken("length64-low32") {
			long &= 1<<32 - 1
		}
		h.length = int64(long)
		err = p.checkLength(h.length, 1<<16)
	}
	if err == nil && h.masked {
		err = p.fill(h.key[:])
	}
	return h, err
}

// checkLength checks a length of more than 7 bits, which must not be below least.
func (p *peer) checkLength(length, least int64) error {
	switch {
	case length < 0:
		return fail(codeProtocol, "top bit of the length is set")
	case length < least && !p.broken("length-not-minimal"):
		return fail(codeProtocol, "length is not minimal")
	case int64(len(p.message)) > maxMessage-length && !p.broken("length-unlimited"):
		return fail(codeTooLarge, "message too large")
	}
	return nil
}

// checkBits checks the first two bytes of a header.
func (p *peer) checkBits(h header) error {
	control := h.opcode >= opClose
	switch {
	case h.rsv&^p.allowedRSV(h) != 0:
		return fail(codeProtocol, "reserved bit is set")
	case h.masked == p.client && !p.broken("mask-unchecked"):
		return fail(codeProtocol, "wrong masking")
	case control && !h.fin && !p.broken("control-fragmented") &&
		!(h.opcode == opPong && p.broken("pong-unfinished")) &&
		!(h.opcode == opClose && p.broken("close-unfinished")):
		return fail(codeProtocol, "fragmented control frame")
	case control && h.length > 125 && !p.broken("control-too-long") &&
		!(h.opcode == opClose && p.broken("close-too-long")):
		return fail(codeProtocol, "control frame of more than 125 bytes")
	}
	return nil
}

// allowedRSV returns the reserved bits that the frame may have.
func (p *peer) allowedRSV(h header) (allowed byte) {
	first := h.opcode == opText || h.opcode == opBinary
	switch {
	case p.broken("rsv-ignored"):
		return 7
	case p.broken("rsv1-ignored"):
		return 4
	case p.broken("rsv2-ignored"):
		allowed = 2
	case p.broken("rsv3-ignored"):
		allowed = 1
	case p.broken("rsv-control-ignored") && h.opcode >= opClose:
		return 7
	}
	if p.deflate != nil {
		if first ||
			p.broken("deflate-rsv1-continuation") && h.opcode == opContinuation ||
			p.broken("deflate-rsv1-control") && h.opcode >= opClose {
			allowed |= 4
		}
	}
	return allowed
}

// fill reads all of b.
func (p *peer) fill(b []byte) error {
	if p.broken("header-one-read") {
		clear(b)
		_, err := p.br.Read(b)
		return err
	}
	_, err := io.ReadFull(p.br, b)
	return err
}

// payload reads the payload of a frame and calls each with its pieces. A piece is valid until
// each returns.
func (p *peer) payload(h header, each func(piece []byte) error) error {
	left, done := h.length, int64(0)
	for left > 0 {
		piece := p.piece[:min(left, int64(len(p.piece)))]
		if p.broken("mask-restarts") { // pieces of a multiple of four bytes would hide the defect
			piece = piece[:min(len(piece), 1021)]
		}
		n, err := p.br.Read(piece)
		if err != nil {
			return err
		}
		if piece = piece[:n]; h.masked {
			mask(piece, h.key, done)
		}
		left -= int64(n)
		if done += int64(n); p.broken("mask-restarts") {
			done = 0
		}
		if err := each(piece); err != nil {
			return err
		}
		if p.broken("payload-one-read") {
			break
		}
	}
	return nil
}

// mask masks or unmasks b, which begins at an offset in its frame's payload.
func mask(b []byte, key [4]byte, offset int64) {
	for i := range b {
		b[i] ^= key[(offset+int64(i))&3]
	}
}

// write sends a frame.
func (p *peer) write(fin bool, rsv, opcode byte, payload []byte) error {
	first := rsv<<4 | opcode
	if fin {
		first |= 0x80
	}
	masked := p.client != p.broken("mask-reversed")
	b := append(make([]byte, 0, len(payload)+14), first)
	switch n := len(payload); {
	case p.broken("length-sent-long") || n >= 1<<16:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	case n > 125:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = append(b, byte(n))
	}
	if masked {
		b[1] |= 0x80
		key := p.maskKey(opcode)
		b = append(b, key[:]...)
		start := len(b)
		b = append(b, payload...)
		mask(b[start:], key, 0)
	} else {
		b = append(b, payload...)
	}
	_, err := p.conn.Write(b)
	return err
}

// maskKey returns the masking key for a client's frame.
func (p *peer) maskKey(opcode byte) (key [4]byte) {
	n := rand.Uint32()
	switch {
	case p.broken("mask-key-constant"), p.broken("mask-key-of-control") && opcode >= opClose:
		return key
	case p.broken("mask-key-octet"):
		n = n & 0xff * 0x01010101
	case p.broken("mask-key-seeded"):
		if p.seeded == nil {
			p.seeded = rand.New(rand.NewPCG(64, 55))
		}
		n = p.seeded.Uint32()
	}
	binary.BigEndian.PutUint32(key[:], n)
	return key
}
