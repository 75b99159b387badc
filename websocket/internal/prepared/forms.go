// Package prepared has the forms of a message that is sent on many connections.
package prepared

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A Form is a message as it is on the wire: a server's frame. Its payload is also a client's,
// before masking.
type Form struct {
	wire.Header
	Err error // if the extension failed

	key   any // of the session
	made  sync.Once
	bytes []byte // Room bytes, of which the last are the header, and the payload
}

// Room is the size of the largest header without a masking key.
const Room = wire.MaxHeaderSize - 4

// MaxForms is how many encoded forms a message keeps. An extension has a key for each set of
// parameters that connections can negotiate. permessage-deflate has 8.
const MaxForms = 64

// Fill completes a form with a payload that is preceded by Room free bytes.
func (f *Form) Fill(b []byte) {
	f.bytes = b
	f.Length = int64(len(b) - Room)
	wire.AppendHeader(b[:Room-f.Size()], f.Header)
}

// Payload returns the payload, which is shared.
func (f *Form) Payload() []byte { return f.bytes[Room:] }

// Frame returns the whole frame, which is shared.
func (f *Form) Frame() []byte { return f.bytes[Room-f.Size():] }

// Forms are the encoded forms of a message. The slice is replaced, never changed.
type Forms struct {
	all    atomic.Pointer[[]*Form]
	adding sync.Mutex
}

// Of returns the form of the message that s can share, or nil if there is none. plain is the message
// that info describes, and rsv has the bits that s sets in its header.
func (fs *Forms) Of(s wire.SharedSession, rsv byte, info wire.MessageInfo, plain *Form) *Form {
	key, ok := s.SharedKey(info)
	if !ok {
		return nil
	}
	f := fs.find(key, rsv)
	if f == nil {
		f = fs.add(key, rsv, plain.Header)
	}
	if f != nil {
		f.made.Do(func() { f.encode(s, plain.Payload()) })
	}
	return f
}

func (fs *Forms) find(key any, rsv byte) *Form {
	if all := fs.all.Load(); all != nil {
		for _, f := range *all {
			if f.key == key && f.RSV == rsv {
				return f
			}
		}
	}
	return nil
}

// add adds a form, unless there are too many.
func (fs *Forms) add(key any, rsv byte, h wire.Header) *Form {
	fs.adding.Lock()
	defer fs.adding.Unlock()
	if f := fs.find(key, rsv); f != nil {
		return f // another connection was faster
	}
	var all []*Form
	if old := fs.all.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if len(all) >= MaxForms {
		return nil
	}
	f := &Form{key: key, Header: h}
	f.RSV = rsv
	all = append(all, f)
	fs.all.Store(&all)
	return f
}

// encode fills a form with the encoding of p by s.
func (f *Form) encode(s wire.SharedSession, p []byte) {
	b := transport.GetBlock()
	defer transport.PutBlock(b)
	out, err := s.AppendShared(b[:Room], p)
	if err != nil {
		f.Err = err
		return
	}
	f.Fill(bytes.Clone(out))
}
