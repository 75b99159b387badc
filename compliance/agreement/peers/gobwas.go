package peers

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

var gobwas = &Peer{
	Name:    "gobwas",
	Library: "github.com/gobwas/ws",
	Serve: serveEcho(false, func(w http.ResponseWriter, r *http.Request) (conn, error) {
		e := wsflate.Extension{Parameters: wsflate.DefaultParameters}
		u := ws.HTTPUpgrader{Negotiate: e.Negotiate}
		c, rw, _, err := u.Upgrade(r, w)
		if err != nil {
			return nil, err
		}
		_, deflate := e.Accepted()
		return newGobwasConn(c, rw.Reader, ws.StateServerSide, deflate), nil
	}),
	Drive: drive(func(ctx context.Context, url string) (conn, error) {
		d := ws.Dialer{Extensions: []httphead.Option{wsflate.DefaultParameters.Option()}}
		c, br, hs, err := d.Dial(ctx, url)
		if err != nil {
			return nil, err
		}
		if br == nil {
			br = bufio.NewReader(c)
		}
		return newGobwasConn(c, br, ws.StateClientSide, len(hs.Extensions) > 0), nil
	}, false),
}

// A gobwasConn is built from the parts of the library, as its users do. It sends the close
// frames for errors.
type gobwasConn struct {
	c       net.Conn
	state   ws.State
	deflate bool
	rd      *wsutil.Reader
	msg     wsflate.MessageState // of the message that is being read
	control wsutil.FrameHandlerFunc
	done    bool // control has returned an error, after sending a close frame if necessary
}

func newGobwasConn(c net.Conn, br *bufio.Reader, state ws.State, deflate bool) conn {
	g := &gobwasConn{c: c, state: state, deflate: deflate}
	answer := wsutil.ControlFrameHandler(c, state)
	g.control = func(h ws.Header, r io.Reader) error {
		err := answer(h, r)
		g.done = g.done || err != nil
		return err
	}
	g.rd = &wsutil.Reader{Source: br, State: state, OnIntermediate: g.control}
	if deflate {
		g.rd.State |= ws.StateExtended
		g.rd.Extensions = []wsutil.RecvExtension{&g.msg}
	}
	return g
}

func (g *gobwasConn) read() (text bool, message []byte, err error) {
	for {
		h, err := g.rd.NextFrame()
		if err != nil {
			return false, nil, g.fail(err)
		}
		if h.OpCode.IsControl() {
			if err := g.control(h, g.rd); err != nil {
				return false, nil, g.fail(err)
			}
			continue
		}
		text = h.OpCode == ws.OpText
		message, err = g.payload(text)
		return text, message, g.fail(err)
	}
}

// payload reads the message after NextFrame has read the header of its first frame.
func (g *gobwasConn) payload(text bool) ([]byte, error) {
	var src io.Reader = g.rd
	if g.deflate && g.msg.IsCompressed() {
		src = wsflate.NewReader(g.rd, func(r io.Reader) wsflate.Decompressor {
			return flate.NewReader(r)
		})
	}
	var check *wsutil.UTF8Reader
	if text {
		check = wsutil.NewUTF8Reader(src)
		src = check
	}
	message, err := io.ReadAll(io.LimitReader(src, maxMessage+1))
	if err == nil && len(message) > maxMessage {
		return nil, errTooBig
	}
	if err == nil && check != nil && !check.Valid() {
		err = wsutil.ErrInvalidUTF8
	}
	return message, err
}

var errTooBig = errors.New("message is too big")

// fail sends the close frame for an error of a read, if there is one, and returns the error.
func (g *gobwasConn) fail(err error) error {
	var protocol ws.ProtocolError
	switch {
	case err == nil, g.done:
	case errors.Is(err, wsutil.ErrInvalidUTF8):
		g.sendClose(ws.StatusInvalidFramePayloadData)
	case errors.Is(err, errTooBig):
		g.sendClose(ws.StatusMessageTooBig)
	case errors.As(err, &protocol):
		g.sendClose(ws.StatusProtocolError)
	}
	return err
}

func (g *gobwasConn) write(text bool, message []byte) error {
	op := ws.OpBinary
	if text {
		op = ws.OpText
	}
	f := ws.NewFrame(op, true, message)
	if g.deflate {
		var b bytes.Buffer
		w := wsflate.NewWriter(&b, func(w io.Writer) wsflate.Compressor {
			fw, _ := flate.NewWriter(w, flate.BestSpeed) // a valid level
			return fw
		})
		if _, err := w.Write(message); err != nil {
			return err
		}
		// Close would set BFINAL, after which a peer cannot keep its context.
		if err := w.Flush(); err != nil {
			return err
		}
		f = ws.NewFrame(op, true, b.Bytes())
		f.Header.Rsv = ws.Rsv(true, false, false)
	}
	return g.send(f)
}

func (g *gobwasConn) send(f ws.Frame) error {
	if g.state.ClientSide() {
		f = ws.MaskFrameInPlace(f)
	}
	return ws.WriteFrame(g.c, f)
}

func (g *gobwasConn) sendClose(code ws.StatusCode) {
	_ = g.send(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
}

func (g *gobwasConn) closeInvalid() { g.sendClose(ws.StatusInvalidFramePayloadData) }

func (g *gobwasConn) close() { _ = g.c.Close() }
