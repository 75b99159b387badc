package judges

import (
	"bufio"
	"compress/flate"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
	xnet "golang.org/x/net/websocket"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A library is a WebSocket library that reads streams.
type library struct {
	name         string
	read         func(s *session, v *verdict) // reads to the end of the stream
	noCloseCodes bool                         // leaves sending close codes to the application
	eofOnClose   bool                         // returns io.EOF for a close frame, too
	noDeflate    bool
}

// hawser is our library, and libraries are the others.
var (
	hawser    = &library{name: "hawser", read: readHawser}
	libraries = []*library{
		{name: "gorilla", read: readGorilla},
		{name: "coder", read: readCoder},
		{name: "gobwas", read: readGobwas, noCloseCodes: true},
		{name: "gws", read: readGWS},
		{name: "xnet", read: readXNet, noCloseCodes: true, eofOnClose: true, noDeflate: true},
	}
)

const target = "ws://server.example.com/"

// request returns the request of a client that offers the extension of the session.
func (s *session) request() *http.Request {
	h := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Version": {"13"},
	}
	if s.extension != "" {
		h.Set("Sec-WebSocket-Extensions", s.extension)
	}
	return &http.Request{
		Method: "GET", Host: "server.example.com", URL: &url.URL{Path: "/"}, RequestURI: "/",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody,
	}
}

// dial returns the connection of the session.
func (s *session) dial(context.Context, string, string) (net.Conn, error) { return s.conn, nil }

var extensions = []wire.Extension{deflate.MustNew(&deflate.Options{NoContextTakeover: true})}

func readHawser(s *session, v *verdict) {
	ctx := context.Background()
	var list []wire.Extension
	if s.deflated {
		list = extensions
	}
	var c *websocket.Conn
	var err error
	if s.server {
		c, err = websocket.Accept(newResponse(s.conn), s.request(),
			&websocket.AcceptOptions{Extensions: list})
	} else {
		c, _, err = websocket.Dial(ctx, target, &websocket.DialOptions{Extensions: list, NetDial: s.dial})
	}
	if err != nil {
		panic("BUG: no handshake: " + err.Error())
	}
	defer c.CloseNow()
	for err == nil {
		var kind websocket.MessageType
		var data []byte
		if kind, data, err = c.Read(ctx); err == nil {
			v.add(kind == websocket.Text, data)
		}
	}
	var closeErr *websocket.CloseError
	v.err, v.end = err, refused
	switch {
	case errors.As(err, &closeErr):
		v.end = closed
	// Compressed data that ends too early has such an error too.
	case isEnd(err) && sentCode(framesOn(s.conn)) == 0:
		v.end = endOfStream
	}
}

func readGorilla(s *session, v *verdict) {
	var c *gorilla.Conn
	var err error
	if s.server {
		u := gorilla.Upgrader{EnableCompression: s.deflated}
		c, err = u.Upgrade(newResponse(s.conn), s.request(), nil)
	} else {
		d := gorilla.Dialer{EnableCompression: s.deflated, NetDialContext: s.dial}
		c, _, err = d.Dial(target, nil)
	}
	if err != nil {
		panic("BUG: no handshake: " + err.Error())
	}
	c.SetReadLimit(maxMessage)
	for err == nil {
		var kind int
		var data []byte
		if kind, data, err = c.ReadMessage(); err == nil {
			v.add(kind == gorilla.TextMessage, data)
		}
	}
	var closeErr *gorilla.CloseError
	v.err, v.end = err, refused
	switch {
	case isEnd(err), errors.As(err, &closeErr) && closeErr.Code == gorilla.CloseAbnormalClosure:
		v.end = endOfStream
	case closeErr != nil:
		v.end = closed
	}
}

func readCoder(s *session, v *verdict) {
	ctx := context.Background()
	mode := coder.CompressionDisabled
	if s.deflated {
		mode = coder.CompressionNoContextTakeover
	}
	var c *coder.Conn
	var err error
	if s.server {
		c, err = coder.Accept(newResponse(s.conn), s.request(), &coder.AcceptOptions{CompressionMode: mode})
	} else {
		transport := &http.Transport{DialContext: s.dial}
		c, _, err = coder.Dial(ctx, target, &coder.DialOptions{
			CompressionMode: mode, HTTPClient: &http.Client{Transport: transport},
		})
	}
	if err != nil {
		panic("BUG: no handshake: " + err.Error())
	}
	defer c.CloseNow()
	c.SetReadLimit(maxMessage)
	for err == nil {
		var kind coder.MessageType
		var data []byte
		if kind, data, err = c.Read(ctx); err == nil {
			v.add(kind == coder.MessageText, data)
		}
	}
	v.err, v.end = err, refused
	switch {
	case coder.CloseStatus(err) != -1, errors.Is(err, net.ErrClosed) && sentCode(framesOn(s.conn)) != 0:
		v.end = closed // for a close frame within a message it returns only the second error
	case isEnd(err):
		v.end = endOfStream
	}
}

// readGobwas combines the parts of the library as its documentation does.
func readGobwas(s *session, v *verdict) {
	state := ws.StateClientSide
	if s.server {
		state = ws.StateServerSide
	} else {
		_, _ = io.WriteString(s.conn, "GET / HTTP/1.1\r\nSec-WebSocket-Key: x\r\n\r\n")
	}
	src := bufio.NewReader(s.conn)
	if !s.server {
		if _, err := http.ReadResponse(src, nil); err != nil {
			panic("BUG: no handshake: " + err.Error())
		}
	}
	rd := &wsutil.Reader{Source: src, State: state, CheckUTF8: false}
	var deflated wsflate.MessageState
	if s.deflated {
		rd.State |= ws.StateExtended
		rd.Extensions = []wsutil.RecvExtension{&deflated}
	}
	control := wsutil.ControlFrameHandler(s.conn, state)
	rd.OnIntermediate = control
	var err error
	for err == nil {
		var h ws.Header
		if h, err = rd.NextFrame(); err != nil {
			break
		}
		if h.OpCode.IsControl() {
			err = control(h, rd)
			continue
		}
		err = readGobwasMessage(h, rd, s.deflated && deflated.IsCompressed(), v)
	}
	var closeErr wsutil.ClosedError
	v.err, v.end = err, refused
	switch {
	case errors.As(err, &closeErr):
		v.end = closed
	case isEnd(err):
		v.end = endOfStream
	}
}

func readGobwasMessage(h ws.Header, rd *wsutil.Reader, deflated bool, v *verdict) error {
	var src io.Reader = rd
	if deflated {
		src = wsflate.NewReader(rd, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	}
	var check *wsutil.UTF8Reader
	if h.OpCode == ws.OpText {
		check = wsutil.NewUTF8Reader(src)
		src = check
	}
	data, err := io.ReadAll(io.LimitReader(src, maxMessage+1))
	switch {
	case err != nil:
		return err
	case check != nil && !check.Valid():
		return wsutil.ErrInvalidUTF8
	case len(data) > maxMessage:
		return errors.New("the message is too long")
	}
	v.add(h.OpCode == ws.OpText, data)
	return nil
}

// A gwsReader is the event handler of gws.
type gwsReader struct {
	gws.BuiltinEventHandler
	v   *verdict
	err error
}

func (r *gwsReader) OnPing(c *gws.Conn, payload []byte) { _ = c.WritePong(payload) }
func (r *gwsReader) OnClose(_ *gws.Conn, err error)     { r.err = err }
func (r *gwsReader) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	r.v.add(m.Opcode == gws.OpcodeText, m.Bytes())
}

type gwsQuiet struct{}

func (gwsQuiet) Error(...any) {}

func readGWS(s *session, v *verdict) {
	r := &gwsReader{v: v}
	pmd := gws.PermessageDeflate{Enabled: s.deflated, PoolSize: 1}
	var c *gws.Conn
	var err error
	if s.server {
		u := gws.NewUpgrader(r, &gws.ServerOption{
			PermessageDeflate: pmd, CheckUtf8Enabled: true, ReadMaxPayloadSize: maxMessage,
			Logger: gwsQuiet{},
		})
		c, err = u.Upgrade(newResponse(s.conn), s.request())
	} else {
		c, _, err = gws.NewClientFromConn(r, &gws.ClientOption{
			Addr: target, PermessageDeflate: pmd, CheckUtf8Enabled: true, ReadMaxPayloadSize: maxMessage,
			Logger: gwsQuiet{},
		}, s.conn)
	}
	if err != nil {
		panic("BUG: no handshake: " + err.Error())
	}
	c.ReadLoop()
	var closeErr *gws.CloseError
	v.err, v.end = r.err, refused
	switch {
	case errors.As(r.err, &closeErr):
		// It reports an invalid close frame to the application like a valid one.
		if sent := sentCode(framesOn(s.conn)); sent != 1002 && sent != 1003 && sent != 1007 {
			v.end = closed
		}
	case isEnd(r.err):
		v.end = endOfStream
	}
}

// xnetCodec keeps the type of a message.
var xnetCodec = xnet.Codec{Unmarshal: func(data []byte, kind byte, v any) error {
	v.(*verdict).add(kind == xnet.TextFrame, data)
	return nil
}}

func readXNet(s *session, v *verdict) {
	read := func(c *xnet.Conn) {
		c.MaxPayloadBytes = maxMessage
		for v.err == nil {
			v.err = xnetCodec.Receive(c, v)
		}
	}
	if s.server {
		xnet.Server{
			Handshake: func(*xnet.Config, *http.Request) error { return nil }, // any origin
			Handler:   read,
		}.ServeHTTP(newResponse(s.conn), s.request())
	} else {
		config, err := xnet.NewConfig(target, "http://server.example.com/")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		c, err := xnet.NewClient(config, s.conn)
		if err != nil {
			panic("BUG: no handshake: " + err.Error())
		}
		read(c)
	}
	if v.end = refused; isEnd(v.err) && sentCode(framesOn(s.conn)) == 0 { // it never answers a close frame
		v.end = endOfStream
	}
}
