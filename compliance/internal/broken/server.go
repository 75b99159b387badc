package broken

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Server sends every message back with its type. At /close, it starts the closing handshake
// with the code and the reason in the query. The zero Server has no defect.
type Server struct {
	Defect string // the name of a defect in [Defects]; empty for none
	// Spared is the number of connections, from the first, without the defect. If a suite
	// first probes the server, the defect then affects only the suite's cases.
	Spared int

	listener net.Listener
	mu       sync.Mutex
	conns    map[net.Conn]bool // nil once the server is closed
	done     sync.WaitGroup
}

// Start listens on a free loopback port and returns the URL of the server.
func (s *Server) Start() (url string, err error) {
	if err := check(s.Defect, ServerRole); err != nil {
		return "", err
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return "", err
	}
	s.conns = map[net.Conn]bool{}
	s.done.Go(s.accept)
	return "ws://" + s.listener.Addr().String() + "/", nil
}

// Close closes all connections and waits until they have ended.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.done.Wait()
	return err
}

func (s *Server) accept() {
	for n := 0; ; n++ {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		d := defect(s.Defect)
		if n < s.Spared {
			d = ""
		}
		s.mu.Lock()
		open := s.conns != nil
		if open {
			s.conns[conn] = true
			s.done.Go(func() { s.serve(d, conn.(*net.TCPConn)) })
		}
		s.mu.Unlock()
		if !open {
			conn.Close()
			return
		}
	}
}

// serve handles one connection.
func (s *Server) serve(d defect, conn *net.TCPConn) {
	defer func() {
		conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	t := &timed{TCPConn: conn, until: time.Now().Add(handshakeTimeout)}
	if d.broken("handshake-stalls") {
		t.until = time.Now().Add(readTimeout)
	}
	br := bufio.NewReader(t)
	h, err := d.readHead(br)
	status := "400 Bad Request"
	switch {
	case errors.Is(err, errTooLarge):
		status = "431 Request Header Fields Too Large"
	case err == nil:
		status = d.checkRequest(h)
	case !time.Now().Before(t.until):
		status = "408 Request Timeout"
	}
	answer, agreed := d.answer(h, status)
	if _, err := t.Write([]byte(answer)); err != nil || status != "" || d.broken("handshake-status-200") {
		drain(t, br)
		return
	}
	t.until = time.Time{}
	if d.broken("handshake-pipelined") && br.Buffered() > 0 {
		_, _ = io.WriteString(t, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		drain(t, br)
		return
	}
	var f *packer
	if agreed != nil {
		f = newPacker(d, false, *agreed)
	}
	p := newPeer(d, false, t, br, f)
	if payload := requestedClose(h.line); payload != nil {
		p.close(payload)
		return
	}
	p.echo()
}

// requestedClose returns the payload of the close frame that a request such as
// GET /close?code=1001&reason=bye HTTP/1.1 makes the server send; nil for other requests.
func requestedClose(line string) []byte {
	u, err := url.Parse(strings.Split(line, " ")[1])
	if err != nil || u.Path != "/close" {
		return nil
	}
	code, err := strconv.ParseUint(u.Query().Get("code"), 10, 16)
	if err != nil {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), u.Query().Get("reason")...)
}

// drain lets the peer read the response before the connection is closed.
func drain(t *timed, br *bufio.Reader) {
	p := &peer{conn: t, br: br}
	p.drop()
}

// checkRequest returns the status of a refusal; empty if the request is valid by RFC 6455,
// section 4.2.1.
func (d defect) checkRequest(h head) string {
	const bad = "400 Bad Request"
	line := strings.Split(h.line, " ")
	host, hasHost := h.value("Host")
	version, _ := h.value("Sec-WebSocket-Version")
	key, _ := h.value("Sec-WebSocket-Key")
	length, _ := h.value("Content-Length")
	_, grammar := h.extensions()
	body := len(h.values("Transfer-Encoding")) > 0 || length != "" && length != "0"
	raw, err := base64.StdEncoding.DecodeString(key)
	switch {
	case len(line) != 3 || !strings.HasPrefix(line[2], "HTTP/"):
		return bad
	case line[0] != "GET" && !d.broken("handshake-method"):
		return "405 Method Not Allowed\r\nAllow: GET"
	case line[2] != "HTTP/1.1" && !d.broken("handshake-http10"):
		return "505 HTTP Version Not Supported"
	case (!hasHost || host == "") && !d.broken("handshake-host"):
		return bad
	case !grammar:
		return bad
	case body && !d.broken("handshake-body"):
		return bad
	case !h.has("Connection", "upgrade") && !d.broken("handshake-connection"):
		return bad
	case !h.has("Upgrade", "websocket") && !d.broken("handshake-upgrade"):
		return "426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket"
	case version != "13" && !(version == "8" && d.broken("handshake-version-8")) &&
		!(version == "" && d.broken("handshake-version-missing")):
		return "426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13"
	case key == "" && d.broken("handshake-key-missing"):
		return ""
	case (err != nil || len(raw) != 16) && !(key != "" && d.broken("handshake-key-length")):
		return bad
	}
	return ""
}

// answer returns the response and the parameters of permessage-deflate, nil if declined.
func (d defect) answer(h head, status string) (string, *params) {
	switch {
	case d.broken("handshake-silent"):
		return "", nil
	case d.broken("handshake-garbage"):
		return "SSH-2.0-wrong door\r\n\r\n", nil
	case status != "":
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", nil
	}
	key, _ := h.value("Sec-WebSocket-Key")
	if d.broken("handshake-accept") {
		key += "!"
	}
	b := "HTTP/1.1 101 Switching Protocols\r\n"
	if d.broken("handshake-status-200") {
		b = "HTTP/1.1 200 OK\r\n"
	}
	b += "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	if !d.broken("handshake-accept-missing") {
		b += "Sec-WebSocket-Accept: " + d.acceptKey(key) + "\r\n"
	}
	switch {
	case d.broken("handshake-field-bent"):
		b += "X-Answered : yes\r\n"
	case d.broken("handshake-field-folded"):
		b += "X-Answered: yes,\r\n and yes\r\n"
	case d.broken("subprotocol-unoffered"):
		b += "Sec-WebSocket-Protocol: chat\r\n"
	case d.broken("extension-unoffered"):
		b += "Sec-WebSocket-Extensions: quick\r\n"
	}
	offers, _ := h.extensions()
	extension, agreed := d.negotiate(offers)
	if extension != "" {
		b += "Sec-WebSocket-Extensions: " + extension + "\r\n"
	}
	return b + "\r\n", agreed
}
