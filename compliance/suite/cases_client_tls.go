package suite

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/selfsigned"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var (
	ruleSNI = rule("4.1", "MUST",
		"Clients MUST use the Server Name Indication extension in the TLS handshake [RFC6066].")
	ruleVerified = rule("4.1", "MUST", "If /secure/ is true, the client MUST perform a TLS handshake over "+
		"the connection after opening the connection and before sending the handshake data [RFC2818]. If "+
		"this fails (e.g., the server's certificate could not be verified), then the client MUST _Fail "+
		"the WebSocket Connection_ and abort the connection.")
	ruleBothClose = rule("5.5.1", "MUST",
		"After both sending and receiving a Close message, an endpoint considers the WebSocket connection "+
			"closed and MUST close the underlying TCP connection.")
)

// tlsRows are about clients of wss URLs. The suite cannot see what a client reports to its program,
// such as a close that was not clean.
func tlsRows() []letterCase {
	row := func(r report.Rule, what, want string, play func(s *script, c *tls.Conn)) letterCase {
		return letterCase{what, want, r, func(s *script) {
			c, ok := s.conn.(*tls.Conn)
			if !ok {
				s.open()
				s.inform("The connection is not over TLS. This case needs a wss URL.")
			}
			play(s, c)
		}}
	}
	truncated := func(what string, before func(*script)) letterCase {
		return row(ruleCleanly, what,
			"The client drops TCP and returns no incomplete message.",
			func(s *script, c *tls.Conn) {
				s.open()
				before(s)
				s.truncate(c)
				s.state = closed // we can no longer answer a close frame
				if g := s.next(reactionTime); g.kind == gotMessage {
					s.against(ruleParse, "The client returned an incomplete message; got %s.",
						g.words())
				}
				s.ended()
			})
	}
	return []letterCase{
		row(ruleSNI, "The client connects to a name.",
			"It sends that name in the TLS handshake. It sends no name if the URL has an address.",
			serverNameIsSent),
		row(ruleVerified, "A redirect leads to a server with a certificate for another name.",
			"The client aborts the TLS handshake, or does not follow the redirect.", wrongNameIsRefused),
		truncated("TCP ends without a TLS alert, between frames.", func(*script) {}),
		truncated("TCP ends without a TLS alert, within a fragmented message.",
			func(s *script) { s.send(moreText("Hel")) }),
		truncated("TCP ends without a TLS alert, within a frame.",
			func(s *script) { s.write(s.encode(textFrame("Hello"))[:4], tempo{}) }),
		row(ruleBothClose, "TCP ends without a TLS alert after the closing handshake.",
			"The client drops TCP.", func(s *script, c *tls.Conn) {
				s.open()
				s.closeBy(closeBody(codeNormal, ""))
				if g := s.next(s.o.HandshakeTimeout); g.kind != gotClose {
					s.expectedInstead(g, ruleCloseAnswer, "an answer to the close frame")
				}
				s.res.BehaviorClose, s.res.ResultClose = report.OK, closedProperly
				s.truncate(c)
				if g := s.next(giveUpTime); g.kind != gotEOF {
					s.broke("The client still keeps the connection after %v.", giveUpTime)
				}
			}),
	}
}

// serverNameIsSent compares the server name of the TLS handshake with the host of the request. An
// address is not a server name (RFC 6066, section 3).
func serverNameIsSent(s *script, c *tls.Conn) {
	host := s.request.fields.Get("Host")
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	sent := c.ConnectionState().ServerName
	s.open()
	s.echo(wire.OpText, []byte("Hello"))
	switch {
	case net.ParseIP(strings.Trim(host, "[]")) != nil:
		s.inform("The URL has an address, %s, for which there is no server name. This case needs a URL "+
			"with a name, such as wss://localhost.", host)
	case sent == "":
		s.broke("The client sent no server name, although the Host is %s.", host)
	case !strings.EqualFold(sent, strings.TrimSuffix(host, ".")):
		s.broke("The client sent the server name %s, but the Host is %s.", sent, host)
	}
	s.setVerdict(report.OK, "The client sent the server name %s.", sent)
}

// truncate closes our direction of TCP without the alert close_notify.
func (s *script) truncate(c *tls.Conn) {
	s.flush(idleTime)
	s.cut = true // nothing more can be sent
	tcp, ok := c.NetConn().(interface{ CloseWrite() error })
	if !ok || tcp.CloseWrite() != nil {
		s.inform("This transport has no half-closed connections.")
	}
}

// wrongName is a name that no server has (RFC 2606, section 2).
const wrongName = "elsewhere.invalid"

// wrongNameIsRefused redirects the client to a server on another port that has a certificate for another
// name. It needs another server because a server chooses its certificate before it knows the path. The
// case can therefore only test clients that follow redirects.
func wrongNameIsRefused(s *script, c *tls.Conn) {
	own := s.o.TLS
	if own == nil || len(own.Certificates) == 0 {
		s.open()
		s.inform("The certificate of this server was made for this run, so no client can verify it.")
	}
	l, err := s.elsewhere(c, own.Certificates[0])
	if err != nil {
		s.open()
		s.inform("The suite could not listen on another port: %v.", err)
	}
	defer l.Close()
	host, _, err := net.SplitHostPort(s.request.fields.Get("Host"))
	if err != nil {
		host = s.request.fields.Get("Host")
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a TCP address
	s.asked()
	s.respond(first("HTTP/1.1 307 Temporary Redirect"), set("Upgrade"),
		set("Connection", "Connection: close"), set("Sec-WebSocket-Accept"),
		add("Content-Length: 0", "Location: //"+net.JoinHostPort(strings.Trim(host, "[]"), port)+"/"))
	s.flush(idleTime)
	conn, err := l.Accept()
	if err != nil {
		s.inform("The client did not follow the redirect, so it did not see a certificate for another name.")
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(s.ctx, s.o.HandshakeTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.(*tls.Conn).HandshakeContext(ctx); err != nil {
		s.setVerdict(report.OK,
			"The client aborted the TLS handshake because of the certificate for another name.")
		return
	}
	raw, _, err := readHead(conn, s.logRx)
	if err != nil && len(raw) == 0 {
		s.setVerdict(report.OK,
			"The client sent no request to a server with a certificate for another name.")
		return
	}
	s.broke("The client sent its request to a server with a certificate for %s.", wrongName)
}

// elsewhere listens on another port, with a certificate for another name, which own signs if it can. A
// client has HandshakeTimeout to connect.
func (s *script) elsewhere(c *tls.Conn, own tls.Certificate) (net.Listener, error) {
	cert, err := selfsigned.Signed(wrongName, own)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(s.o.HandshakeTimeout))
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert},
		NextProtos: []string{"http/1.1"}}), nil
}
