package deflate

import "github.com/hawser-ws/hawser/wire"

var _ wire.SharedSession = (*session)(nil)

// A sharedKey is the size of a window in bits. The shared form of a message depends on
// nothing else. In particular, it does not depend on context takeover, because it refers to
// no earlier message.
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

// SharedSent implements [wire.SharedSession]. Because src is now part of the context,
// compressors in the pool that have the connection's earlier context are outdated.
func (s *session) SharedSent(src []byte) {
	if s.enc.takeover {
		s.enc.window.add(src)
		s.enc.done.message++
	}
}
