package suite

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A badServer serves a connection in an invalid way.
type badServer func(ctx context.Context, c net.Conn)

// refuseAll refuses every request.
func refuseAll(_ context.Context, c net.Conn) {
	_, _, _ = readHead(c, func([]byte) {})
	_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
}

// answer204 answers every request with a status that is not an error.
func answer204(_ context.Context, c net.Conn) {
	_, _, _ = readHead(c, func([]byte) {})
	_, _ = io.WriteString(c,
		"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n")
}

// acceptAll accepts every request, valid or not, with everything that was offered. It answers
// everything with the same message.
func acceptAll(_ context.Context, c net.Conn) {
	buf := make([]byte, 64<<10)
	n, _ := c.Read(buf)
	time.Sleep(time.Millisecond)
	h := parseHead(buf[:n])
	f := h.fields
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
		"Upgrade\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\nSec-WebSocket-Accept: %s\r\n",
		wire.AcceptKey(f.Get("Sec-Websocket-Key")))
	for _, name := range []string{"Sec-Websocket-Extensions", "Sec-Websocket-Protocol"} {
		if v := f.Get(name); v != "" {
			fmt.Fprintf(c, "%s: %s\r\n", name, v)
		}
	}
	_, _ = io.WriteString(c, "\r\n")
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write([]byte("\x81\x08nonsense")); err != nil {
			return
		}
	}
}

// silent accepts requests and then sends nothing.
func silent(ctx context.Context, c net.Conn) {
	if !accept(c) {
		return
	}
	_, _ = io.Copy(io.Discard, c)
	<-ctx.Done() // do not react to the end of TCP either
}

// closeAtOnce sends a close frame at once, with a code that must not be sent.
func closeAtOnce(_ context.Context, c net.Conn) {
	if accept(c) {
		_, _ = io.WriteString(c, "\x88\x02\x03\xee")
	}
}

// accept reads a request and accepts it. It reports whether there was a request.
func accept(c net.Conn) bool {
	raw, _, err := readHead(c, func([]byte) {})
	if err != nil {
		return false
	}
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "+
		"Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		wire.AcceptKey(parseHead(raw).fields.Get("Sec-Websocket-Key")))
	return true
}

// listen serves connections until the test ends.
func listen(t *testing.T, serve badServer) *target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { c.Close() })()
				serve(ctx, c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); cancel(); wg.Wait() })
	tgt, err := parseTarget("ws://"+l.Addr().String()+"/", &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

// credulous is a client that answers everything with the same frame.
func credulous(ctx context.Context, request, url string) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	c, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	fmt.Fprintf(c, request, "/"+path)
	nonsense := append([]byte("\x81\x88\x00\x00\x00\x00"), "nonsense"...)
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if i := bytes.Index(buf[:n], []byte("\r\n\r\n")); i >= 0 && i+4 == n {
			continue // this is the head of the response
		}
		if _, err := c.Write(nonsense); err != nil {
			return
		}
	}
}

// serveRaw starts a server that accepts every handshake and then calls f.
func serveRaw(t *testing.T, f func(net.Conn)) (url string) {
	t.Helper()
	return serveHead(t, func(c net.Conn, raw []byte) {
		_, _ = io.WriteString(c, accepting(parseHead(raw).fields.Get("Sec-Websocket-Key"))+"\r\n")
		f(c)
	})
}

// serveHead starts a server that calls f with each connection and the request.
func serveHead(t *testing.T, f func(c net.Conn, raw []byte)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if raw, rest, err := readHead(c, func([]byte) {}); err == nil {
					f(c, append(raw, rest...))
				}
			}()
		}
	}()
	return "ws://" + l.Addr().String() + "/"
}

// swallow reads until TCP ends, and sends nothing.
func swallow(c net.Conn) {
	buf := make([]byte, 1024)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// answering returns a server that answers requests by a function and then returns all frames unchanged,
// compressed or not. An empty answer drops TCP.
func answering(answer func(request head, accept string) string) badServer {
	return func(_ context.Context, c net.Conn) {
		raw, rest, err := readHead(c, func([]byte) {})
		if err != nil {
			return
		}
		request := parseHead(raw)
		response := answer(request, accepting(request.fields.Get("Sec-Websocket-Key")))
		if _, err := io.WriteString(c, response); err != nil || !strings.Contains(response, " 101 ") {
			return
		}
		returnFrames(c, rest, strings.Contains(response, extensionName), -2, 0)
	}
}

// upgrade is the beginning of a response that accepts a connection.
const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: " +
	"Upgrade\r\nSec-WebSocket-Accept: "

func accepting(key string) string { return upgrade + wire.AcceptKey(key) + "\r\n" }

// always returns a server that answers every request with text. In text, {accept} is replaced by a
// response that accepts the connection.
func always(text string) badServer {
	return answering(func(_ head, accept string) string {
		return strings.ReplaceAll(text, "{accept}", accept)
	})
}

// extended returns a server that accepts every request, and answers with extensions if any were offered.
func extended(extensions string) badServer {
	return answering(func(request head, accept string) string {
		if len(request.fields.Values("Sec-Websocket-Extensions")) > 0 {
			accept += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
		}
		return accept + "\r\n"
	})
}

// choosy returns a server that accepts one offer, and answers 500 to any other.
func choosy(offer string) badServer {
	return refusing(offer, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
}

// abrupt returns a server that accepts one offer, and drops TCP at any other.
func abrupt(offer string) badServer { return refusing(offer, "") }

// refusing returns a server that accepts one offer, and sends answer for any other.
func refusing(offer, answer string) badServer {
	return answering(func(request head, accept string) string {
		switch request.fields.Get("Sec-Websocket-Extensions") {
		case "":
			return accept + "\r\n"
		case offer:
			return accept + "Sec-WebSocket-Extensions: " + offer + "\r\n\r\n"
		}
		return answer
	})
}

// mirrored returns a server that accepts all extensions exactly as they were offered.
func mirrored() badServer {
	return answering(func(request head, accept string) string {
		return accept + "Sec-WebSocket-Extensions: " + request.fields.Get("Sec-Websocket-Extensions") +
			"\r\n\r\n"
	})
}

// negotiating returns a server that accepts every request, but only well-formed offers.
func negotiating() badServer {
	return answering(func(request head, accept string) string {
		if _, err := parseExtensions(request.fields.Values("Sec-Websocket-Extensions")); err == nil {
			accept += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
		}
		return accept + "\r\n"
	})
}

// guarded returns a server that drops TCP if a request arrives in more than n pieces.
func guarded(n int) badServer {
	return func(_ context.Context, c net.Conn) {
		pieces := 0
		raw, rest, err := readHead(c, func([]byte) { pieces++ })
		if err != nil || pieces > n {
			return
		}
		if _, err := io.WriteString(c,
			accepting(parseHead(raw).fields.Get("Sec-Websocket-Key"))+"\r\n"); err == nil {
			returnFrames(c, rest, false, -2, 0)
		}
	}
}

// answerHTTP10 returns a server that answers with HTTP/1.0.
func answerHTTP10() badServer {
	return answering(func(_ head, accept string) string {
		return strings.Replace(accept, "1.1", "1.0", 1) + "\r\n"
	})
}

// picky returns a server that refuses requests with an X-Frame field for which please reports false.
func picky(status string, please func(value string) bool) badServer {
	return answering(func(request head, accept string) string {
		if !please(request.fields.Get("X-Frame")) {
			return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n"
		}
		return accept + "\r\n"
	})
}

// refusesAfter returns a server that returns n frames and closes with a code if permessage-deflate was
// offered, and returns all frames otherwise.
func refusesAfter(n, code int) badServer {
	return func(_ context.Context, c net.Conn) {
		raw, rest, err := readHead(c, func([]byte) {})
		if err != nil {
			return
		}
		request, n := parseHead(raw), n
		response := accepting(request.fields.Get("Sec-Websocket-Key"))
		if request.fields.Get("Sec-Websocket-Extensions") != "" {
			response += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
		} else {
			n = -2
		}
		if _, err := io.WriteString(c, response+"\r\n"); err == nil {
			returnFrames(c, rest, true, n, code)
		}
	}
}

// neverDone does not answer if permessage-deflate was offered.
func neverDone(ctx context.Context, c net.Conn) {
	raw, rest, err := readHead(c, func([]byte) {})
	if err != nil {
		return
	}
	request := parseHead(raw)
	response := accepting(request.fields.Get("Sec-Websocket-Key"))
	packed := request.fields.Get("Sec-Websocket-Extensions") != ""
	if packed {
		response += "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	if _, err := io.WriteString(c, response+"\r\n"); err == nil && packed {
		_, _ = io.Copy(io.Discard, c)
	} else if err == nil {
		returnFrames(c, rest, false, -2, 0)
	}
}

// mute answers no messages, but performs the closing handshake.
func mute(c net.Conn) {
	conn := websocket.NewConn(context.Background(), c, nil)
	for _, err := range conn.Messages(context.Background()) {
		if err != nil {
			return
		}
	}
}

// plainUpgrade completes an opening handshake, as a text for [always].
const plainUpgrade = "{accept}\r\n"

// answerStatus answers every request with a status.
func answerStatus(status string) badServer {
	return always("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
}
