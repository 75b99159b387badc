package judges

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
	"golang.org/x/net/http/httpguts"
	xnet "golang.org/x/net/websocket"

	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/websocket"
)

// protocols are the subprotocols in the options of each library.
var protocols = []string{"chat", "superchat"}

// An upgrader answers a request that net/http has accepted, on w or the hijacked connection.
type upgrader struct {
	name        string
	do          func(w *response, r *http.Request) error
	noProtocols bool // its choice of a subprotocol is not compared
	noDeflate   bool
}

var ourUpgrader = upgrader{name: "hawser", do: func(w *response, r *http.Request) error {
	c, err := websocket.Accept(w, r,
		&websocket.AcceptOptions{Subprotocols: protocols, Extensions: extensions})
	if err == nil {
		c.CloseNow()
	}
	return err
}}

var upgraders = []upgrader{
	{name: "gorilla", do: func(w *response, r *http.Request) error {
		u := gorilla.Upgrader{Subprotocols: protocols, EnableCompression: true}
		_, err := u.Upgrade(w, r, nil)
		return err
	}},
	{name: "coder", do: func(w *response, r *http.Request) error {
		o := coder.AcceptOptions{Subprotocols: protocols, CompressionMode: coder.CompressionNoContextTakeover}
		c, err := coder.Accept(w, r, &o)
		if err == nil {
			c.CloseNow()
		}
		return err
	}},
	{name: "gobwas", do: func(w *response, r *http.Request) error {
		e := wsflate.Extension{Parameters: wsflate.Parameters{
			ServerNoContextTakeover: true, ClientNoContextTakeover: true,
		}}
		u := ws.HTTPUpgrader{
			Protocol:  func(s string) bool { return slices.Contains(protocols, s) },
			Negotiate: e.Negotiate,
		}
		_, _, _, err := u.Upgrade(r, w)
		return err
	}},
	// If subprotocols are set, it refuses every client that offers none.
	{name: "gws", noProtocols: true, do: func(w *response, r *http.Request) error {
		u := gws.NewUpgrader(&gwsReader{v: &verdict{}}, &gws.ServerOption{
			PermessageDeflate: gws.PermessageDeflate{Enabled: true, PoolSize: 1}, Logger: gwsQuiet{},
		})
		_, err := u.Upgrade(w, r)
		return err
	}},
	// Its Handler refuses every request without an origin. A Handshake function accepts
	// any, as its documentation says for other clients.
	{name: "xnet", noProtocols: true, noDeflate: true, do: func(w *response, r *http.Request) error {
		xnet.Server{
			Handshake: func(c *xnet.Config, _ *http.Request) error { c.Protocol = nil; return nil },
			Handler:   func(*xnet.Conn) {},
		}.ServeHTTP(w, r)
		return nil
	}},
}

// An answer is the answer of a library to a request.
type answer struct {
	accepted bool
	protocol string
	deflated bool
	err      error
}

func (a answer) String() string {
	if !a.accepted {
		return fmt.Sprintf("refused (%v)", a.err)
	}
	return fmt.Sprintf("accepted, subprotocol %q, deflate %t", a.protocol, a.deflated)
}

// A dispute is an answer that differs from ours.
type dispute struct {
	name         string
	r            *http.Request
	ours, theirs answer
}

func (d *dispute) String() string {
	return fmt.Sprintf("%s, of %s %.300q:\n  ours:   %v\n  theirs: %v",
		d.name, d.r.Method, d.r.Header, d.ours, d.theirs)
}

// askLibrary returns the answer of a library to a request.
func askLibrary(u upgrader, raw []byte) (a answer) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		panic("BUG: the request was valid before")
	}
	c := newConn(nil, false, "")
	defer c.Close()
	w := newResponse(c)
	defer func() {
		if e := recover(); e != nil {
			a = answer{err: fmt.Errorf("panic: %v", e)}
		}
	}()
	a.err = u.do(w, r)
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(c.Written())), nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		return a
	}
	if w.switched { // the fields are those of w
		res.Header = w.Header()
	}
	a.accepted = true
	a.protocol = res.Header.Get("Sec-WebSocket-Protocol")
	a.deflated = res.Header.Get("Sec-WebSocket-Extensions") != ""
	return a
}

// disputes gives a request to hawser and all libraries, and returns the answers that differ
// from hawser's. It returns nil for a request that net/http refuses.
func disputes(raw []byte) (list []*dispute) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil || r.ProtoMajor != 1 || r.Host == "" || !httpguts.ValidHostHeader(r.Host) {
		return nil
	}
	if _, err := url.ParseRequestURI("ws://" + r.Host + r.URL.RequestURI()); err != nil {
		return nil
	}
	ours := askLibrary(ourUpgrader, raw)
	for _, u := range upgraders {
		theirs := askLibrary(u, raw)
		if u.noDeflate {
			theirs.deflated = ours.deflated
		}
		if u.noProtocols {
			theirs.protocol = ours.protocol
		}
		if theirs.accepted != ours.accepted ||
			theirs.accepted && (theirs.protocol != ours.protocol || theirs.deflated != ours.deflated) {
			list = append(list, &dispute{u.name, r, ours, theirs})
		}
	}
	return list
}

// requests returns the seeds: the requests of the compliance suite's cases, and others.
func requests() (list [][]byte) {
	for _, h := range seeds.Heads() {
		if h.Request {
			list = append(list, h.Data)
		}
	}
	for _, fields := range []string{
		"Sec-WebSocket-Protocol: superchat, chat", "Sec-WebSocket-Protocol: a b, chat",
		"Sec-WebSocket-Protocol: Chat, superchat", "Connection: . Upgrade", "Connection: \u00a0Upgrade",
		"Upgrade: web\u017focket", "Upgrade: websoc\u212aet",
		"Origin: http://b", "Origin: http://a:80", "Origin: http://u@a", "Origin: http://a/b", "Origin: //a",
		"Origin:",
		"Origin: http://a\r\nOrigin: http://a", "Origin:\r\nOrigin: http://b",
		"Origin: http://a/", "Origin: a", "Origin: x://a", "Origin: http://b/",
		"Sec-WebSocket-Protocol: a/b, chat", "Sec-WebSocket-Protocol: a;b=\"c\", chat",
		"Sec-WebSocket-Protocol: chat b",
		"Sec-WebSocket-Protocol: caf\xc3\xa9, chat", "Sec-WebSocket-Protocol: \"chat\"",
		"Sec-WebSocket-Protocol:",
		"Sec-WebSocket-Protocol: ,\r\nSec-WebSocket-Extensions: ,", "Sec-WebSocket-Extensions:",
		"Transfer-Encoding: chunked\r\n\r\n0", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==", "Sec-WebSocket-Key: \u00a0dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Protocol: " + strings.Repeat("x", 8<<10),
	} {
		request := "GET / HTTP/1.1\r\nHost: a\r\n"
		for _, usual := range []string{
			"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Version: 13",
		} {
			if name, _, _ := strings.Cut(usual, ":"); !strings.HasPrefix(fields, name+":") {
				request += usual + "\r\n"
			}
		}
		list = append(list, []byte(request+fields+"\r\n\r\n"))
	}
	return list
}

// FuzzJudgeHandshake compares the answers to a request. Every dispute must match a row.
func FuzzJudgeHandshake(f *testing.F) {
	for _, raw := range requests() {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > maxInput {
			return
		}
		for _, d := range disputes(raw) {
			if acceptHandshake(d) < 0 {
				t.Errorf("no row matches the difference: %v", d)
			}
		}
	})
}

// TestHandshakeRows checks that every row is exercised by a seed for each of its libraries.
func TestHandshakeRows(t *testing.T) {
	seen := map[int]map[string]int{}
	for _, raw := range requests() {
		for _, d := range disputes(raw) {
			i := acceptHandshake(d)
			if i < 0 {
				t.Errorf("no row matches the difference: %v", d)
			}
			if seen[i] == nil {
				seen[i] = map[string]int{}
			}
			seen[i][d.name]++
		}
	}
	for i, r := range handshakeRows {
		checkRow(t, r.libraries, r.does, r.section, r.says, r.right, seen[i])
	}
}
