package interop

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/lxzan/gws"
)

// A Go peer that sizes both windows. It does not wait for the answer to its close
// frame, and fragments only what takes more than 128 KiB on the wire.
func TestGWS(t *testing.T) {
	traits := traits{noSmallFragments: true, dropsAfterClose: true}
	testPeer(t, "gws", traits, func() peer { return &gwsPeer{ended: make(chan struct{})} })
}

// A gwsPeer runs in this process.
type gwsPeer struct {
	gws.BuiltinEventHandler
	ctx    context.Context
	listen net.Listener
	report report
	ended  chan struct{}
}

func (p *gwsPeer) start(ctx context.Context, t *testing.T, s setup) {
	t.Helper()
	p.ctx = ctx
	p.report.Code = 1006
	pd := gws.PermessageDeflate{
		Enabled:               true,
		Threshold:             1,
		PoolSize:              1,
		ServerContextTakeover: !s.NoTakeover,
		ClientContextTakeover: !s.NoTakeover,
		ServerMaxWindowBits:   15, // its own default is 12
		ClientMaxWindowBits:   15,
	}
	if s.ServerBits > 0 {
		pd.ServerMaxWindowBits, pd.ClientMaxWindowBits = s.ServerBits, s.ClientBits
	}
	if s.Role == "client" {
		go p.connect(s.URL, pd)
		return
	}
	var err error
	if p.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.listen.Close() })
	go p.serve(pd)
}

func (p *gwsPeer) connect(url string, pd gws.PermessageDeflate) {
	c, resp, err := gws.NewClient(p, &gws.ClientOption{
		Addr: url, PermessageDeflate: pd, CheckUtf8Enabled: true, HandshakeTimeout: limit,
	})
	if err != nil {
		p.report.Error = err.Error()
		close(p.ended)
		return
	}
	p.report.Extensions = strings.Join(resp.Header.Values("Sec-WebSocket-Extensions"), "\n")
	c.ReadLoop()
	close(p.ended)
}

// serve accepts one connection. A tap of its own sees the answer, which gws does
// not tell.
func (p *gwsPeer) serve(pd gws.PermessageDeflate) {
	defer close(p.ended)
	fail := func(err error) { p.report.Error = err.Error() }
	nc, err := p.listen.Accept()
	if err != nil {
		fail(err)
		return
	}
	under := &tap{Conn: nc}
	defer under.Close()
	in := bufio.NewReader(under)
	r, err := http.ReadRequest(in)
	if err != nil {
		fail(err)
		return
	}
	up := gws.NewUpgrader(p, &gws.ServerOption{
		PermessageDeflate: pd, CheckUtf8Enabled: true, HandshakeTimeout: limit,
	})
	c, err := up.UpgradeFromConn(under, in, r)
	if err != nil {
		fail(err)
		return
	}
	_, p.report.Extensions = under.extensions()
	c.ReadLoop()
}

func (p *gwsPeer) url() string { return "ws://" + p.listen.Addr().String() + "/" }

func (p *gwsPeer) stop() report {
	select {
	case <-p.ended:
	case <-p.ctx.Done():
		return report{Error: "gws did not end"}
	}
	return p.report
}

// OnMessage echoes.
func (p *gwsPeer) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if bytes.HasPrefix(m.Bytes(), []byte("fragment ")) {
		c.WriteFile(m.Opcode, bytes.NewReader(m.Bytes()))
		return
	}
	c.WriteMessage(m.Opcode, m.Bytes())
}

// OnClose is called once.
func (p *gwsPeer) OnClose(_ *gws.Conn, err error) {
	var e *gws.CloseError
	if errors.As(err, &e) {
		p.report.Code, p.report.Reason = int(e.Code), string(e.Reason)
	}
}
