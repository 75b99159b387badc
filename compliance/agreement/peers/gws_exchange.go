package peers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	gwslib "github.com/lxzan/gws"
)

// A gwsExchange has the callbacks of the library.
type gwsExchange struct {
	gwslib.BuiltinEventHandler
	report Report
	ended  chan struct{}
}

// gwsHandshakeTime limits the opening handshake of an exchange.
const gwsHandshakeTime = time.Minute

// exchangeGWS is a Peer.Exchange.
func exchangeGWS(ctx context.Context, _ *Env, s Setup) (*Exchange, error) {
	pd := gwslib.PermessageDeflate{
		Enabled:               true,
		Threshold:             1,
		PoolSize:              1,
		ServerContextTakeover: !s.NoTakeover,
		ClientContextTakeover: !s.NoTakeover,
		ServerMaxWindowBits:   15, // the library's default is 12
		ClientMaxWindowBits:   15,
	}
	if s.ServerBits > 0 {
		pd.ServerMaxWindowBits, pd.ClientMaxWindowBits = s.ServerBits, s.ClientBits
	}
	h := &gwsExchange{report: Report{Code: 1006}, ended: make(chan struct{})}
	x := &Exchange{wait: func() Report {
		select {
		case <-h.ended:
			return h.report
		case <-ctx.Done():
			return Report{Error: "gws did not end"}
		}
	}}
	run := func() error { return h.connect(s.URL, pd) }
	if s.Role == "server" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = l.Close() })
		x.URL = "ws://" + l.Addr().String() + "/"
		run = func() error { return h.serve(l, pd) }
	}
	go func() {
		defer close(h.ended)
		if err := run(); err != nil {
			h.report.Error = err.Error()
		}
	}()
	return x, nil
}

func (h *gwsExchange) connect(url string, pd gwslib.PermessageDeflate) error {
	c, resp, err := gwslib.NewClient(h, &gwslib.ClientOption{
		Addr: url, PermessageDeflate: pd, CheckUtf8Enabled: true, HandshakeTimeout: gwsHandshakeTime,
	})
	if err != nil {
		return err
	}
	h.report.Extensions = extensionsOf(resp)
	c.ReadLoop()
	return nil
}

// serve accepts one connection.
func (h *gwsExchange) serve(l net.Listener, pd gwslib.PermessageDeflate) error {
	nc, err := l.Accept()
	if err != nil {
		return err
	}
	recorded := &firstWrite{Conn: nc}
	defer recorded.Close()
	in := bufio.NewReader(recorded)
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	u := gwslib.NewUpgrader(h, &gwslib.ServerOption{
		PermessageDeflate: pd, CheckUtf8Enabled: true, HandshakeTimeout: gwsHandshakeTime,
	})
	c, err := u.UpgradeFromConn(recorded, in, r)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(recorded.data)), r)
	if err != nil {
		return err
	}
	h.report.Extensions = extensionsOf(resp)
	c.ReadLoop()
	return nil
}

func extensionsOf(r *http.Response) string {
	return strings.Join(r.Header.Values("Sec-WebSocket-Extensions"), "\n")
}

// A firstWrite keeps the data of the first Write, which is the response to the opening
// handshake. gws does not return it.
type firstWrite struct {
	net.Conn
	data []byte
}

func (c *firstWrite) Write(p []byte) (int, error) {
	if c.data == nil {
		c.data = bytes.Clone(p)
	}
	return c.Conn.Write(p)
}

// OnMessage echoes a message. The library fragments only messages of more than 128 KiB, when
// compressed.
func (h *gwsExchange) OnMessage(c *gwslib.Conn, m *gwslib.Message) {
	defer m.Close()
	if bytes.HasPrefix(m.Bytes(), []byte("fragment ")) {
		_ = c.WriteFile(m.Opcode, bytes.NewReader(m.Bytes()))
		return
	}
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

// OnClose is called once, when the connection has ended.
func (h *gwsExchange) OnClose(_ *gwslib.Conn, err error) {
	var e *gwslib.CloseError
	if errors.As(err, &e) {
		h.report.Code, h.report.Reason = int(e.Code), string(e.Reason)
	}
}
