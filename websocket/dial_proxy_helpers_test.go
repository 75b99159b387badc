package websocket_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A fakeProxy is a proxy on the loopback interface. It connects every client to one server and
// records the requested addresses.
type fakeProxy struct {
	url     *url.URL
	backend string
	user    string // user:password that it requires from a SOCKS5 client, or ""

	wg    sync.WaitGroup
	mu    sync.Mutex
	asked []string // the heads of CONNECT requests, or the host:port of SOCKS5 requests
	tls   []tls.ConnectionState
}

// startProxy starts a proxy with the scheme http, https (with the configuration c) or socks5.
func startProxy(t *testing.T, scheme, backend, user string, c *tls.Config) *fakeProxy {
	t.Helper()
	ln := listen(t)
	p := &fakeProxy{url: &url.URL{Scheme: scheme, Host: ln.Addr().String()}, backend: backend, user: user}
	if name, password, ok := strings.Cut(user, ":"); ok {
		p.url.User = url.UserPassword(name, password)
	}
	t.Cleanup(p.wg.Wait)
	t.Cleanup(func() { ln.Close() })
	p.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(time.Minute))
				if err := p.serve(nc, c); err != nil {
					t.Logf("proxy: %v", err) // tests check the client's side
				}
			})
		}
	})
	return p
}

func (p *fakeProxy) serve(nc net.Conn, c *tls.Config) error {
	switch p.url.Scheme {
	case "https":
		tc := tls.Server(nc, c)
		if err := tc.Handshake(); err != nil {
			return err
		}
		p.mu.Lock()
		p.tls = append(p.tls, tc.ConnectionState())
		p.mu.Unlock()
		nc = tc
		fallthrough
	case "http":
		rc, err := readHead(nc)
		if err != nil {
			return err
		}
		p.note(rc.head)
		rc.say("HTTP/1.1 200 Fine\r\nX-Proxy: yes\r\n\r\n")
	default:
		addr, err := p.socks(nc)
		if err != nil {
			return err
		}
		p.note(addr)
	}
	return p.splice(nc)
}

func (p *fakeProxy) note(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, s)
}

// requests returns the requests that the proxy has received so far.
func (p *fakeProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// splice copies in both directions until one side has ended.
func (p *fakeProxy) splice(client net.Conn) error {
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		return err
	}
	p.wg.Go(func() {
		io.Copy(client, server)
		client.Close()
	})
	_, err = io.Copy(server, client)
	server.Close()
	if err != nil && strings.Contains(err.Error(), "closed network connection") {
		err = nil
	}
	return err
}

// socks performs the server's side of RFC 1928 and RFC 1929.
func (p *fakeProxy) socks(nc net.Conn) (addr string, err error) {
	take := func(n int) []byte {
		b := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(nc, b)
		}
		return b
	}
	methods := take(int(take(2)[1]))
	method := byte(0)
	if p.user != "" {
		method = 2
	}
	if err != nil || !strings.Contains(string(methods), string(rune(method))) {
		return "", fmt.Errorf("got methods %v, want %d (read error: %w)", methods, method, err)
	}
	nc.Write([]byte{5, method})
	if method == 2 {
		user := string(take(int(take(2)[1])))
		user += ":" + string(take(int(take(1)[0])))
		if user != p.user {
			nc.Write([]byte{1, 1})
			return "", fmt.Errorf("got user %q, want %q", user, p.user)
		}
		nc.Write([]byte{1, 0})
	}
	var host string
	kind := take(4)[3]
	bound := []byte{5, 0, 0, kind} // the reply has an address of the same type as the request
	switch kind {
	case 1:
		host = net.IP(take(4)).String()
		bound = append(bound, "addr"...)
	case 4:
		host = net.IP(take(16)).String()
		bound = append(bound, "IPv6 of 16 bytes"...)
	case 3:
		host = string(take(int(take(1)[0])))
		bound = append(bound, "\x04name"...)
	}
	port := binary.BigEndian.Uint16(take(2))
	nc.Write(append(bound, 1, 2))
	return net.JoinHostPort(host, strconv.Itoa(int(port))), err
}

// A connectRequest is a CONNECT request that an authProxy has received.
type connectRequest struct {
	conn  int    // number of the connection, from 0
	nth   int    // number of the request on it, from 0
	head  string // its header
	auth  string // its Proxy-Authorization
	state string // credentials that the connection has had so far, as NTLM requires
}

// An authProxy is a scripted proxy over net.Pipe. After a 200 it is the server too, and says hello.
type authProxy struct {
	url    *url.URL
	tls    *tls.Config // for https
	answer func(r connectRequest) (text string, closes bool)

	wg    sync.WaitGroup
	mu    sync.Mutex
	log   []string // "connection:Proxy-Authorization" of each CONNECT
	heads []string
	conns int
}

// options returns options to dial through p. The test fails if a connection stays open after it.
func (p *authProxy) options(t *testing.T) *DialOptions {
	if p.url == nil {
		p.url = &url.URL{Scheme: "http", Host: "proxy.example"}
	}
	t.Cleanup(p.wg.Wait)
	return &DialOptions{
		Proxy: through(p.url),
		NetDial: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			p.mu.Lock()
			n := p.conns
			p.conns++
			p.mu.Unlock()
			p.wg.Go(func() {
				defer theirs.Close()
				if p.tls != nil {
					p.serve(n, tls.Server(theirs, p.tls))
				} else {
					p.serve(n, theirs)
				}
			})
			return ours, nil
		},
	}
}

func (p *authProxy) serve(n int, nc net.Conn) {
	r := connectRequest{conn: n}
	for ; ; r.nth++ {
		rc, err := readHead(nc)
		if err != nil {
			return
		}
		r.head, r.auth = rc.head, rc.field("Proxy-Authorization")
		p.mu.Lock()
		p.log = append(p.log, fmt.Sprintf("%d:%s", n, r.auth))
		p.heads = append(p.heads, rc.head)
		p.mu.Unlock()
		text, closes := p.answer(r)
		r.state += r.auth + "|"
		rc.say(text)
		if closes {
			return
		}
		if strings.HasPrefix(text, "HTTP/1.1 200") {
			if rc, err = readHead(nc); err == nil {
				hello(rc)
			}
			return
		}
	}
}

// requests returns the connection and the Proxy-Authorization of each CONNECT so far.
func (p *authProxy) requests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, " ")
}
