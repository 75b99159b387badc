package load

import (
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
)

// A visitor connects, upgrades, exchanges close frames, waits until the server has ended the connection, and
// begins again.
type visitor struct {
	load    *Load
	index   int
	n       int // visits
	request []byte
	s       socket
	open    bool
	got     []byte
	closing bool // the close frame was sent
}

// Visit opens and closes connections, n at a time.
func Visit(addr string, n int) (*Load, error) {
	l, err := newLoad(addr)
	if err != nil {
		return nil, err
	}
	for i := range n {
		l.peers = append(l.peers, &visitor{load: l, index: i, request: request(addr, "")})
	}
	return l, nil
}

func (v *visitor) start() (err error) {
	v.got, v.closing = v.got[:0], false
	v.n++
	if v.s, err = dial(v.load.addr, source(v.index*331+v.n)); err != nil {
		return err
	}
	v.open = true
	if err := v.load.watch(v.s, v.index); err != nil {
		return err
	}
	_, err = v.s.write(v.request)
	return err
}

// goodbye is a close frame with code 1000 and a masking key of zeros.
const goodbye = "\x88\x82\x00\x00\x00\x00\x03\xe8"

func (v *visitor) ready(in []byte) (messages int, err error) {
	n, err := v.s.read(in)
	v.got = append(v.got, in[:n]...)
	if !v.closing {
		if err != nil {
			return 0, fmt.Errorf("the server ended the handshake after %q: %w", v.got, err)
		}
		complete, err := accepted(v.got)
		if complete {
			v.got, v.closing = v.got[:0], true
			_, err = v.s.write([]byte(goodbye))
		}
		return 0, err
	}
	if !errors.Is(err, io.EOF) {
		return 0, err
	}
	if h, _, err := wire.ConsumeHeader(v.got); err != nil || h.Opcode != wire.OpClose {
		return 0, fmt.Errorf("the server ended the connection after %q, want a close frame", v.got)
	}
	v.close()
	return 1, nil
}

func (v *visitor) close() {
	if v.open {
		v.s.close()
	}
	v.open = false
}
