package deflate

import "github.com/hawser-ws/hawser/wire"

var _ wire.SharedSession = (*session)(nil)

// A sharedKey is a window in bits: all that the shared form of a message depends on.
// Whether a connection takes its context over does not matter, since the message
// refers to nothing before it.
type sharedKey uint8

// SharedKey implements [wire.SharedSession].
func (s *session) SharedKey(m wire.MessageInfo) (key any, ok bool) {
	if s.plain(m) {
		return nil, false
	}
	return sharedKey(s.enc.bits), true
}

// AppendShared implements [wire.SharedSession].
func (s *session) AppendShared(dst, src []byte) ([]byte, error) {
	c := s.enc.ext.compressors.get(s.enc.bits, int64(len(src)), false)
	c.empty()
	dst = c.compress(dst, src, true)
	c.pool.Put(c)
	return dst[:len(dst)-len(tail)], nil
}

// SharedSent implements [wire.SharedSession]. A compressor that has the context of
// this connection is of no more use to it.
func (s *session) SharedSent(src []byte) {
	if s.enc.takeover {
		s.enc.window.add(src)
		s.enc.done.message++
	}
}
