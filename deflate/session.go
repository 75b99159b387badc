package deflate

import "github.com/hawser-ws/hawser/wire"

// A session is permessage-deflate on one connection. Its halves share nothing.
type session struct {
	enc encoder
	dec decoder
}

// newSession makes the session of a connection: windows in bits, and whether the
// context is kept from message to message, for what we send and what we receive.
func (e *Extension) newSession(ours int, oursNoContext bool, theirs int, theirsNoContext bool) *session {
	s := &session{}
	s.enc.ext, s.enc.bits, s.enc.takeover = e, ours, !oursNoContext
	s.enc.window.size, s.enc.window.room = 1<<ours, 1<<ours
	s.enc.window.halves, s.dec.window.halves = &e.halves, &e.halves
	s.enc.done.session = e.sessions.Add(1)
	s.dec.ext, s.dec.takeover = e, !theirsNoContext
	// zlib compresses with a window of 512 bytes when it is told 256, and has
	// done so for too long to be told off.
	size := 1 << max(theirs, 9)
	s.dec.window.size, s.dec.window.room = size, size
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

// plain reports whether m is to go out as it is.
func (s *session) plain(m wire.MessageInfo) bool {
	return m.Plain || m.Size >= 0 && m.Size < int64(s.enc.ext.opts.Threshold)
}

// Decode implements [wire.Session].
func (s *session) Decode(byte) (wire.MessageDecoder, error) { return &s.dec, nil }

// Idle implements [wire.Session]. There is nothing to give back: between messages
// a session holds its windows alone, and within a message what it cannot do
// without.
func (s *session) Idle() {}

// Close implements [wire.Session]. It may be called again, and in the middle of a
// message, but not while a message is being encoded or decoded.
func (s *session) Close() error {
	s.enc.close()
	s.dec.close()
	return nil
}
