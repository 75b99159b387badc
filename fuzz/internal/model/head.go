package model

// A Head is the header of a frame (RFC 6455, section 5.2), or the part of it in the stream.
type Head struct {
	Fin    bool
	RSV    byte
	Opcode byte
	Masked bool
	Key    [4]byte
	Length uint64

	Size  int  // of the head, in bytes
	Whole bool // nothing is missing

	have      int // bytes of the header and after it
	lengthEnd int // the offset of the first byte after the length
	hasLength bool
}

// ParseHead reads the header at the start of b. It validates nothing.
func ParseHead(b []byte) Head {
	h := Head{have: len(b)}
	if len(b) < 1 {
		return h
	}
	// 5.2: "FIN: 1 bit", "RSV1, RSV2, RSV3: 1 bit each", "Opcode: 4 bits".
	h.Fin = b[0]/128 == 1
	h.RSV = b[0] / 16 % 8
	h.Opcode = b[0] % 16
	if len(b) < 2 {
		return h
	}
	// 5.2: "Mask: 1 bit", "Payload length: 7 bits, 7+16 bits, or 7+64 bits".
	h.Masked = b[1]/128 == 1
	short := b[1] % 128
	switch short {
	case 126: // "the following 2 bytes interpreted as a 16-bit unsigned integer"
		h.lengthEnd = 4
	case 127: // "the following 8 bytes interpreted as a 64-bit unsigned integer"
		h.lengthEnd = 10
	default: // "if 0-125, that is the payload length"
		h.lengthEnd = 2
		h.Length = uint64(short)
	}
	h.Size = h.lengthEnd
	if h.Masked { // "Masking-key: 0 or 4 bytes"
		h.Size += 4
	}
	if len(b) < h.lengthEnd {
		return h
	}
	h.hasLength = true
	for _, c := range b[2:h.lengthEnd] {
		h.Length = h.Length*256 + uint64(c)
	}
	if len(b) < h.Size {
		return h
	}
	if h.Masked {
		copy(h.Key[:], b[h.lengthEnd:h.Size])
	}
	h.Whole = true
	return h
}

// LengthFaults returns the faults of the length alone. At is an offset in the header.
func (h Head) LengthFaults() (all []Fault) {
	if !h.hasLength {
		return nil
	}
	at := int64(h.lengthEnd) - 1
	add := func(r Rule) { all = append(all, Fault{Rule: r, At: at, needs: at + 1}) }
	// 5.2: "the most significant bit MUST be 0".
	if h.lengthEnd == 10 && h.Length >= 1<<63 {
		add(LengthTopBit)
	}
	// 5.2: "in all cases, the minimal number of bytes MUST be used to encode the
	// length".
	if h.lengthEnd == 4 && h.Length <= 125 || h.lengthEnd == 10 && h.Length <= 65535 {
		add(LengthNotMinimal)
	}
	return all
}

// headFaults returns all faults in the header of the frame at r.pos, or in the part of it in
// the stream, in the order of the bytes.
func (r *reader) headFaults(h Head) []Fault {
	all := append(r.firstByte(h), r.secondByte(h)...)
	for _, f := range h.LengthFaults() {
		f.At += int64(r.pos)
		all = append(all, f)
	}
	if h.hasLength && len(all) == 0 {
		all = r.limits(h)
	}
	return all
}

// fault returns a fault at byte i of the current frame.
func (r *reader) fault(rule Rule, i int) Fault {
	return Fault{Rule: rule, At: int64(r.pos + i), needs: int64(i) + 1}
}

// firstByte returns the faults of FIN, RSV and the opcode.
func (r *reader) firstByte(h Head) (all []Fault) {
	control := h.Opcode >= 8
	// 5.2: RSV "MUST be 0 unless an extension is negotiated that defines meanings
	// for non-zero values". No extension does so for control frames or reserved
	// opcodes.
	allowed := byte(0)
	if h.Opcode <= 2 {
		allowed = r.FrameRSV
	}
	if h.Opcode == 1 || h.Opcode == 2 {
		allowed |= r.RSV
	}
	for _, bit := range []byte{4, 2, 1} {
		if h.RSV&bit != 0 && allowed&bit == 0 {
			all = append(all, r.fault(ReservedBits, 0))
			break
		}
	}
	// 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail
	// the WebSocket Connection_": %x3-7 and %xB-F are reserved.
	if h.Opcode >= 3 && h.Opcode <= 7 || h.Opcode >= 11 {
		all = append(all, r.fault(ReservedOpcode, 0))
	}
	// 5.5: control frames "MUST NOT be fragmented".
	if control && !h.Fin {
		all = append(all, r.fault(ControlFragment, 0))
	}
	// 5.4: a fragmented message is a frame "with the FIN bit clear and an opcode
	// other than 0, followed by zero or more frames with the FIN bit clear and
	// the opcode set to 0, and terminated by" one with FIN set and opcode 0.
	if h.Opcode == 0 && !r.open {
		all = append(all, r.fault(NothingToGoOn, 0))
	}
	if (h.Opcode == 1 || h.Opcode == 2) && r.open {
		all = append(all, r.fault(MessageOpen, 0))
	}
	return all
}

// secondByte returns the faults of the mask bit and the 7-bit length.
func (r *reader) secondByte(h Head) (all []Fault) {
	if h.have < 2 {
		return nil
	}
	// 5.1: "The server MUST close the connection upon receiving a frame that is
	// not masked"; "A client MUST close a connection if it detects a masked frame".
	if r.Server && !h.Masked {
		all = append(all, r.fault(Unmasked, 1))
	}
	if !r.Server && h.Masked {
		all = append(all, r.fault(Masked, 1))
	}
	// 5.5: "All control frames MUST have a payload length of 125 bytes or less".
	// A 7-bit length of 126 or 127 announces more than 125 bytes.
	if h.Opcode >= 8 && (h.lengthEnd > 2 || h.Length > 125) {
		all = append(all, r.fault(ControlTooLong, 1))
	}
	return all
}

// limits returns the faults of section 10.4: "Implementations that have
// implementation- and/or platform-specific limitations regarding the frame size or
// total message size after reassembly from multiple frames MUST protect themselves
// against exceeding those limits".
func (r *reader) limits(h Head) (all []Fault) {
	add := func(rule Rule, size uint64, limit int64) {
		f := r.fault(rule, h.lengthEnd-1)
		f.Size, f.Limit = int64(min(size, 1<<63-1)), limit
		all = append(all, f)
	}
	if h.Opcode >= 8 {
		if n := r.controls + 1; r.MaxControls >= 0 && n > r.MaxControls {
			add(ControlFlood, uint64(n), r.MaxControls)
		}
		return all
	}
	if r.MaxFrame >= 0 && h.Length > uint64(r.MaxFrame) {
		add(FrameTooBig, h.Length, r.MaxFrame)
	}
	size, coded := h.Length, h.RSV != 0
	if h.Opcode == 0 {
		size, coded = size+r.size, coded || r.message.Coded
	}
	// The size of a message that an extension has encoded is known after decoding. But
	// no message can have 2^63 bytes or more.
	limit := r.MaxMessage
	if limit < 0 || coded {
		limit = 1<<63 - 1
	}
	if size > uint64(limit) {
		add(MessageTooBig, size, limit)
	}
	if n := r.empties + 1; h.Length == 0 && !h.Fin && r.MaxEmptyFragments >= 0 && n > r.MaxEmptyFragments {
		add(EmptyFragments, uint64(n), r.MaxEmptyFragments)
	}
	return all
}
