package peers

import (
	"bytes"
	"context"
	"net/http"

	gwslib "github.com/lxzan/gws"
)

var gwsDeflate = gwslib.PermessageDeflate{
	Enabled:               true,
	ServerContextTakeover: true,
	ClientContextTakeover: true,
}

var gws = &Peer{
	Name:    "gws",
	Library: "github.com/lxzan/gws",
	Serve: func(ctx context.Context, _ *Env) (*Server, error) {
		u := gwslib.NewUpgrader(gwsHandler{}, &gwslib.ServerOption{
			PermessageDeflate:   gwsDeflate,
			CheckUtf8Enabled:    true,
			ReadMaxPayloadSize:  maxMessage,
			WriteMaxPayloadSize: maxMessage,
			Logger:              gwsQuiet{},
		})
		return serveHTTP(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := u.Upgrade(w, r); err == nil {
				go gwsLoop(c)
			}
		}))
	},
	Drive:    driveGWS,
	Exchange: exchangeGWS,
}

// gwsHandler has the callbacks of the library.
type gwsHandler struct {
	gwslib.BuiltinEventHandler
	take func(message []byte) // called with each message; nil means an echo
}

func (gwsHandler) OnPing(c *gwslib.Conn, payload []byte) { _ = c.WritePong(payload) }

func (h gwsHandler) OnMessage(c *gwslib.Conn, m *gwslib.Message) {
	defer m.Close()
	if h.take != nil {
		h.take(bytes.Clone(m.Bytes()))
		return
	}
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

type gwsQuiet struct{}

func (gwsQuiet) Error(...any) {}

// gwsLoop reads until the connection ends. The library panics at some lengths of a frame, such
// as those with the top bit set.
func gwsLoop(c *gwslib.Conn) {
	defer func() {
		if recover() != nil {
			_ = c.NetConn().Close()
		}
	}()
	c.ReadLoop()
}

// driveGWS is a Peer.Drive. The library has callbacks, so drive cannot be used.
func driveGWS(ctx context.Context, env *Env, base, agent string) error {
	loop := func(path string, take func([]byte)) error {
		c, _, err := gwslib.NewClient(gwsHandler{take: take}, &gwslib.ClientOption{
			Addr:                base + path,
			PermessageDeflate:   gwsDeflate,
			CheckUtf8Enabled:    true,
			ReadMaxPayloadSize:  maxMessage,
			WriteMaxPayloadSize: maxMessage,
			Logger:              gwsQuiet{},
		})
		if err != nil {
			return err
		}
		defer c.NetConn().Close()
		ctx, cancel := context.WithTimeout(ctx, caseTime)
		defer cancel()
		stop := context.AfterFunc(ctx, func() { _ = c.NetConn().Close() })
		defer stop()
		gwsLoop(c)
		return nil
	}
	var count string
	if err := loop("/getCaseCount", func(m []byte) { count = string(m) }); err != nil {
		return err
	}
	return driveCases(ctx, env, count, agent, func(path string) error { return loop(path, nil) })
}
