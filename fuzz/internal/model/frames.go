package model

// A Config is the configuration of a reader.
type Config struct {
	// Server is set if a server reads the stream of a client.
	Server bool

	// RSV holds the reserved bits that an extension sets on the first frame of a
	// message, FrameRSV those it may set on any data frame: 4 is RSV1.
	RSV, FrameRSV byte

	// The limits. A negative value means no limit.
	MaxFrame, MaxMessage, MaxEmptyFragments, MaxControls int64

	// AnyText turns off the validation of text.
	AnyText bool
}

// A Frame is a frame of a stream.
type Frame struct {
	Head
	Kind    byte   // opcode of its message, or of the control frame
	Payload []byte // unmasked, up to the end of the stream or the fault
}

// A Message is a whole message.
type Message struct {
	Opcode  byte
	Coded   bool // one of its frames has a reserved bit
	Payload []byte
}

// A Result is the contents of a stream.
type Result struct {
	Frames   []Frame
	Messages []Message
	Closed   bool // the last of Frames is a close frame; the rest is not read
	Code     int  // of the close frame
	Reason   []byte

	Fault *Fault  // the first fault, or nil
	All   []Fault // all faults of the same header
}

// A reader is a position in a stream, with the counts that 5.4 and 10.4 need.
type reader struct {
	Config
	Result
	stream   []byte
	pos      int // of the current frame
	open     bool
	message  Message
	size     uint64 // of the open message, the sum of the frames' lengths
	empties  int64
	controls int64
}

// Decode reads stream to its end, its close frame or its first fault.
func Decode(c Config, stream []byte) Result {
	r := &reader{Config: c, stream: stream}
	for !r.Closed && r.Fault == nil && r.pos < len(stream) {
		r.frame()
	}
	return r.Result
}

// frame reads one frame, or the part of it that the stream contains.
func (r *reader) frame() {
	b := r.stream[r.pos:]
	h := ParseHead(b)
	r.All = r.headFaults(h)
	if len(r.All) > 0 {
		// The fault that is certain first counts. If several are certain at the same
		// byte, any of them would do.
		first := r.All[0]
		for _, f := range r.All {
			if f.needs < first.needs {
				first = f
			}
		}
		r.Fault = &first
		return
	}
	if !h.Whole {
		r.pos = len(r.stream)
		return
	}
	body := b[h.Size:]
	whole := uint64(len(body)) >= h.Length
	if whole {
		body = body[:h.Length]
	}
	start := r.pos + h.Size
	r.pos = start + len(body)
	payload := append([]byte{}, body...)
	if h.Masked {
		Mask(payload, h.Key, 0)
	}
	if h.Opcode >= 8 {
		r.control(h, payload, whole, int64(start))
	} else {
		r.data(h, payload, whole, int64(start))
	}
}

// control adds a control frame.
func (r *reader) control(h Head, payload []byte, whole bool, start int64) {
	r.controls++
	if !whole {
		return
	}
	if h.Opcode == 8 {
		code, reason, fault := Close(payload)
		if fault != nil {
			fault.At += start
			r.Fault, r.All = fault, []Fault{*fault}
			return
		}
		// 5.5.1: "The application MUST NOT send any more data frames after
		// sending a Close frame"; 1.4: "any further data received is discarded".
		r.Closed, r.Code, r.Reason = true, code, reason
	}
	r.Frames = append(r.Frames, Frame{h, h.Opcode, payload})
}

// data adds a data frame, or the part of it that the stream contains.
func (r *reader) data(h Head, payload []byte, whole bool, start int64) {
	r.controls = 0
	if h.Opcode != 0 {
		r.message, r.size, r.open = Message{Opcode: h.Opcode}, 0, true
	}
	r.size += h.Length
	if h.RSV != 0 {
		r.message.Coded = true
	}
	if h.Length == 0 && !h.Fin {
		r.empties++
	} else {
		r.empties = 0
	}
	before := len(r.message.Payload)
	r.message.Payload = append(r.message.Payload, payload...)
	ended := whole && h.Fin
	// 8.1: "When an endpoint is to interpret a byte stream as UTF-8 but finds
	// that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint
	// MUST _Fail the WebSocket Connection_". 5.6: "a particular text frame might
	// include a partial UTF-8 sequence; however, the whole message MUST contain
	// valid UTF-8". A payload that an extension has encoded is not text yet.
	if r.message.Opcode == 1 && !r.message.Coded && !r.AnyText {
		good, valid := Text(r.message.Payload)
		if good < len(r.message.Payload) || ended && !valid {
			payload = payload[:good-before]
			r.Fault = &Fault{Rule: NotUTF8, At: start + int64(len(payload))}
			r.All = []Fault{*r.Fault}
			r.Frames = append(r.Frames, Frame{h, 1, payload})
			return
		}
	}
	if len(payload) > 0 || whole {
		r.Frames = append(r.Frames, Frame{h, r.message.Opcode, payload})
	}
	if ended {
		r.Messages = append(r.Messages, r.message)
		r.open = false
	}
}
