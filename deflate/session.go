package deflate

import "github.com/hawser-ws/hawser/wire"

// A session is permessage-deflate on one connection. Its halves share nothing.
type session struct {
	enc encoder
	dec decoder
}

// newSession returns the session of a connection. ours and theirs are the agreed parameters
// for the messages that we send and receive.
func (e *Extension) newSession(ours, theirs direction) *session {
	s := &session{}
	s.enc.ext, s.enc.bits = e, e.opts.sent(ours.bits)
	s.enc.takeover = ours.takeover && !e.opts.NoContextTakeover
	s.enc.window.size = 1 << e.opts.kept(ours.bits)
	s.enc.done.session = e.sessions.Add(1)
	s.dec.ext, s.dec.takeover = e, theirs.takeover
	// zlib cannot compress with a window of 256 bytes and uses 512 instead.
	s.dec.window.size = 1 << max(theirs.bits, 9)
	return s
}

// Bits implements [wire.Session]: RSV1 marks a compressed message (RFC 7692,
// section 6).
func (s *session) Bits() (rsv, perFrame byte) { return wire.RSV1, 0 }

// Encode implements [wire.Session].
func (s *session) Encode(m wire.MessageInfo) wire.MessageEncoder {
	if s.plain(m) {
		return nil
	}
	return &s.enc
}

// plain reports whether m is sent uncompressed.
func (s *session) plain(m wire.MessageInfo) bool {
	return m.Plain || m.Size >= 0 && m.Size < int64(s.enc.ext.opts.Threshold)
}

// Decode implements [wire.Session].
func (s *session) Decode(byte) (wire.MessageDecoder, error) { return &s.dec, nil }

// Close implements [io.Closer]. It may be called more than once, and in the middle of a
// message, but not during a call of Append.
func (s *session) Close() error {
	s.enc.close()
	s.dec.close()
	return nil
}
