package fuzz

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/selfsigned"
	"github.com/hawser-ws/hawser/websocket"
)

// redirectPatience limits the time for one input. No input waits for a timeout.
const redirectPatience = 20 * time.Second

// maxRedirects is the number of redirects that the client of FuzzRedirect follows.
const maxRedirects = 5

// FuzzRedirect dials servers that redirect the client from one to the next. Each line of
// the input is a Location, which the client must resolve as net/url does. The client may send the
// caller's fields and userinfo only to the first host and port, and not even there once
// once it has connected elsewhere. It must never go from TLS to plain text, and every request
// must have a new key. If bit 0 of setup is set, the first URL has TLS; with bit 1 it has a
// port. The other bits choose the statuses.
func FuzzRedirect(f *testing.F) {
	places := []string{
		"/x?y#z", "//other.example/", "ws://example.com/", "http://EXAMPLE.com:80/", "https://example.com",
		"wss://example.com:8443/",
		"http://example.com:8080/", "http://u:p@example.com/", "https://u:p@other.example/",
		"ftp://example.com/", "ws+unix:///a:/", "", "%", "http://sub.example.com",
		"//other.example ",
	}
	for i, a := range places {
		for j, b := range places {
			f.Add(a+"\n"+b+"\nhttp://example.com/\nhttps://example.com/", uint8(i*5+j))
		}
	}
	f.Fuzz(func(t *testing.T, text string, setup uint8) {
		s := &redirects{locations: strings.Split(text[:min(len(text), 1<<12)], "\n"), setup: setup}
		o := &websocket.DialOptions{
			MaxRedirects: maxRedirects,
			Header: http.Header{
				"User-Agent": {"fuzz"}, "Cookie": {"a=b"}, "X-Token": {"secret"},
				"Origin": {"https://example.com"}, "Host": {"virtual.example"},
			},
			TLSConfig: &tls.Config{InsecureSkipVerify: true},
			Proxy: func(r *http.Request) (*url.URL, error) {
				if r.URL.User != nil {
					t.Errorf("from Locations %q: a request for %s, with userinfo", s.locations, r.URL)
				}
				return nil, nil
			},
			NetDial: s.dial,
		}
		begin := []string{
			"ws://u:p@example.com/", "wss://u:p@example.com/",
			"ws://u:p@example.com:8080/", "wss://u:p@example.com:8443/",
		}[setup&3]
		ctx, cancel := context.WithTimeout(context.Background(), redirectPatience)
		defer cancel()
		c, _, err := websocket.Dial(ctx, begin, o)
		s.running.Wait()
		if c != nil || err == nil || ctx.Err() != nil || len(s.hops) == 0 {
			t.Fatalf("%d hops, %v", len(s.hops), err)
		}
		if err := s.check(begin); err != nil {
			t.Fatalf("from %s, Locations %q: %v", begin, s.locations, err)
		}
	})
}

// redirects is a set of servers, one at every address.
type redirects struct {
	locations []string // one for each answer, in turn; later answers are 404
	setup     uint8

	hops    []*hop
	running sync.WaitGroup
}

// A hop is a connection that the client made.
type hop struct {
	addr string
	tls  bool
	r    *http.Request // nil if none was read
}

func (s *redirects) dial(_ context.Context, _, addr string) (net.Conn, error) {
	a, b := net.Pipe()
	v := &hop{addr: addr}
	answer := "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n"
	if n := len(s.hops); n < len(s.locations) {
		status := []int{301, 302, 303, 307, 308}[(int(s.setup>>2)+n)%5]
		answer = fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n",
			status, s.locations[n])
	}
	s.hops = append(s.hops, v)
	s.running.Go(func() { v.serve(b, answer) })
	return a, nil
}

// A buffered is a connection that is read through a buffer.
type buffered struct {
	net.Conn
	br *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.br.Read(p) }

// serve answers one request, over TLS if the client begins with TLS.
func (v *hop) serve(nc net.Conn, answer string) {
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(redirectPatience))
	br := bufio.NewReader(nc)
	if first, err := br.Peek(1); err == nil && first[0] == 0x16 { // a record of the TLS handshake
		v.tls = true
		nc = tls.Server(buffered{nc, br}, &tls.Config{Certificates: []tls.Certificate{certificate()}})
		br = bufio.NewReader(nc)
	}
	if r, err := http.ReadRequest(br); err == nil {
		v.r = r
		_, _ = nc.Write([]byte(answer)) // fails if the client has gone
	}
}

// certificate returns a certificate that the client does not verify.
var certificate = sync.OnceValue(func() tls.Certificate {
	c, err := selfsigned.New(time.Now())
	if err != nil {
		panic(err)
	}
	return c
})

// check checks the hops of a client that dialed the URL begin.
func (s *redirects) check(begin string) error {
	at, _ := url.Parse(begin)
	home, left := s.hops[0].addr, false
	var keys []string
	for i, v := range s.hops {
		if i > 0 {
			// Surrounding space is not a part of the field.
			next, err := at.Parse(strings.Trim(s.locations[i-1], " \t\r"))
			if err != nil {
				return fmt.Errorf("hop %d, to %s: %w", i, v.addr, err)
			}
			at = next
		}
		secure := at.Scheme == "https" || at.Scheme == "wss"
		port := at.Port()
		if port == "" {
			port = map[bool]string{false: "80", true: "443"}[secure]
		}
		where := net.JoinHostPort(at.Hostname(), port)
		if hasOneSpelling(where) && !strings.EqualFold(v.addr, where) {
			return fmt.Errorf("hop %d is to %s, want %s", i, v.addr, where)
		}
		if left = left || !strings.EqualFold(v.addr, home); i > maxRedirects {
			return fmt.Errorf("there are more than %d redirects", maxRedirects)
		}
		if v.r == nil {
			continue // the host is not valid in a request or in a TLS handshake
		}
		if v.tls != secure || i > 0 && s.hops[i-1].tls && !secure {
			return fmt.Errorf("hop %d, to %s, has TLS: %v", i, at, v.tls)
		}
		if err := v.checkFields(left); err != nil {
			return fmt.Errorf("hop %d, to %s (left: %v): %w", i, at, left, err)
		}
		key := v.r.Header.Get("Sec-WebSocket-Key")
		if slices.Contains(keys, key) {
			return fmt.Errorf("the key %s is used again", key)
		}
		keys = append(keys, key)
	}
	return nil
}

// hasOneSpelling reports whether there is just one way to write a host and port.
func hasOneSpelling(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-:") == "" &&
		strings.Count(s, ":") == 1
}

// checkFields checks which of its caller's fields the client has sent: all of them, or only
// the User-Agent if it has left the first host and port.
func (v *hop) checkFields(left bool) error {
	h := v.r.Header
	h.Del("Upgrade")
	h.Del("Connection")
	want := http.Header{
		"User-Agent": {"fuzz"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": h["Sec-Websocket-Key"],
	}
	host := strings.ToLower(v.r.Host)
	if !left {
		want["Cookie"], want["X-Token"] = []string{"a=b"}, []string{"secret"}
		want["Origin"], want["Authorization"] = []string{"https://example.com"}, []string{"Basic dTpw"}
		if host != "virtual.example" {
			return fmt.Errorf("the Host is %q", host)
		}
	} else if name, _, _ := net.SplitHostPort(v.addr); !strings.Contains(host, strings.ToLower(name)) {
		return fmt.Errorf("the Host is %q", host)
	}
	if diff := cmp.Diff(want, h); diff != "" {
		return fmt.Errorf("wrong fields (-want +got):\n%s", diff)
	}
	return nil
}
