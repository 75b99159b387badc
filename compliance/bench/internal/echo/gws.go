package echo

import (
	"net"
	"net/http"
	"unicode/utf8"

	"github.com/lxzan/gws"
)

type gwsHandler struct{ gws.BuiltinEventHandler }

func (gwsHandler) OnPing(c *gws.Conn, payload []byte) { _ = c.WritePong(payload) }

func (gwsHandler) OnMessage(c *gws.Conn, m *gws.Message) {
	defer m.Close()
	if m.Opcode == gws.OpcodeText && !utf8.Valid(m.Bytes()) {
		_ = c.WriteClose(1007, nil)
		return
	}
	_ = c.WriteMessage(m.Opcode, m.Bytes())
}

type gwsQuiet struct{}

func (gwsQuiet) Error(...any) {}

// serveGWS checks text itself, because CheckUtf8Enabled would check the text of every echo, too.
func serveGWS(ln net.Listener, o Options) error {
	up := gws.NewUpgrader(gwsHandler{}, &gws.ServerOption{
		ReadMaxPayloadSize:  maxMessage,
		WriteMaxPayloadSize: maxMessage,
		Logger:              gwsQuiet{},
		PermessageDeflate: gws.PermessageDeflate{
			Enabled: o.Deflate, ServerContextTakeover: o.Takeover, ClientContextTakeover: o.Takeover,
			Threshold: 128,
		},
	})
	return serveHTTP(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r)
		if err != nil {
			return // Upgrade has answered
		}
		go c.ReadLoop() // net/http's goroutine ends, and its memory is freed
	}))
}
