package interop

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/wire"
)

// A simulated is a client that cannot be installed here. It follows the known rules of that
// client.
type simulated struct {
	offer   string
	accepts func(answer string) error
	// takeover: it compresses with context takeover, whatever was agreed on.
	takeover bool
	// oneFrame: a compressed message in several frames ends the connection.
	oneFrame bool
	// final: its compressed messages end with a final block.
	final bool
	// most is the largest payload of a frame, or 0 without a limit.
	most int

	ctx        context.Context
	conn       net.Conn
	in         *bufio.Reader
	writer     *flate.Writer // with takeover
	compressed bytes.Buffer
	window     []byte // of the server's messages
	noWindow   bool   // the server compresses without takeover
	report     peers.Report
	ended      chan struct{}
}

func (p *simulated) start(ctx context.Context, _ *testing.T, s peers.Setup) {
	p.ctx, p.ended, p.report.Code = ctx, make(chan struct{}), 1006
	go func() {
		defer close(p.ended)
		if err := p.run(s.URL); err != nil {
			p.report.Error = err.Error()
		}
	}()
}

func (p *simulated) url() string { return "" }

func (p *simulated) stop() peers.Report {
	select {
	case <-p.ended:
	case <-p.ctx.Done():
		return peers.Report{Error: "the simulated peer did not end"}
	}
	return p.report
}

func (p *simulated) run(url string) error {
	addr, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	var err error
	if p.conn, err = new(net.Dialer).DialContext(p.ctx, "tcp", addr); err != nil {
		return err
	}
	defer p.conn.Close()
	defer context.AfterFunc(p.ctx, func() { p.conn.Close() })()
	p.in = bufio.NewReader(p.conn)
	if err := p.handshake(addr, path); err != nil {
		return err
	}
	return p.echo()
}

func (p *simulated) handshake(host, path string) error {
	fmt.Fprintf(p.conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Extensions: %s\r\n\r\n", path, host, p.offer)
	resp, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return errors.New(resp.Status)
	}
	p.report.Extensions = strings.Join(resp.Header.Values("Sec-WebSocket-Extensions"), "\n")
	p.noWindow = strings.Contains(p.report.Extensions, "server_no_context_takeover")
	return p.accepts(p.report.Extensions)
}

// echo echoes messages until it receives the server's close frame.
func (p *simulated) echo() error {
	var first wire.Header
	var payload []byte
	for {
		h, piece, err := p.frame()
		if err != nil {
			return err
		}
		if h.Opcode == wire.OpClose {
			code, reason, _ := wire.ConsumeClose(piece)
			p.report.Code, p.report.Reason = int(code), string(reason)
			return p.send(wire.Header{Fin: true, Opcode: wire.OpClose}, piece)
		}
		if h.Opcode.IsControl() {
			return fmt.Errorf("unexpected %v", h.Opcode)
		}
		if h.Opcode != wire.OpContinuation {
			first, payload = h, nil
		}
		payload = append(payload, piece...)
		compressed := first.RSV&wire.RSV1 != 0
		switch {
		case compressed && !h.Fin && p.oneFrame:
			return errors.New("compressed message in several frames")
		case !h.Fin:
			continue
		case compressed:
			if payload, err = p.inflate(payload); err != nil {
				return err
			}
		}
		if string(payload) == "close" {
			payload, err = wire.AppendClose(nil, wire.StatusNormalClosure, "bye")
			err = errors.Join(err, p.send(wire.Header{Fin: true, Opcode: wire.OpClose}, payload))
		} else {
			err = p.sendMessage(first.Opcode, payload)
		}
		if err != nil {
			return err
		}
	}
}

func (p *simulated) frame() (h wire.Header, payload []byte, err error) {
	for n := 2; ; n++ {
		b, err := p.in.Peek(n)
		if err != nil {
			return h, nil, err
		}
		h, size, err := wire.ConsumeHeader(b)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			continue
		}
		if err != nil {
			return h, nil, err
		}
		p.in.Discard(size)
		payload = make([]byte, h.Length)
		_, err = io.ReadFull(p.in, payload)
		return h, payload, err
	}
}

// sendMessage compresses a message and sends it in frames of at most p.most bytes.
func (p *simulated) sendMessage(op wire.Opcode, message []byte) error {
	payload, err := p.deflate(message)
	if err != nil {
		return err
	}
	h := wire.Header{RSV: wire.RSV1, Opcode: op}
	for p.most > 0 && len(payload) > p.most {
		if err := p.send(h, payload[:p.most]); err != nil {
			return err
		}
		h, payload = wire.Header{}, payload[p.most:]
	}
	h.Fin = true
	return p.send(h, payload)
}

func (p *simulated) send(h wire.Header, payload []byte) error {
	h.Masked, h.Length = true, int64(len(payload))
	rand.Read(h.Key[:])
	b := wire.AppendHeader(nil, h)
	n := len(b)
	b = append(b, payload...)
	wire.Mask(b[n:], h.Key, 0)
	_, err := p.conn.Write(b)
	return err
}

// deflate compresses a message. The result is valid until the next call.
func (p *simulated) deflate(message []byte) ([]byte, error) {
	p.compressed.Reset()
	if p.writer == nil || !p.takeover {
		p.writer, _ = flate.NewWriter(&p.compressed, flate.DefaultCompression)
	}
	p.writer.Write(message) // to memory, so there is no error
	if p.final {
		err := p.writer.Close()
		return append(p.compressed.Bytes(), 0), err
	}
	err := p.writer.Flush()
	return bytes.TrimSuffix(p.compressed.Bytes(), []byte(syncTail)), err
}

// syncTail is what a sender removes from a compressed message and a receiver appends
// (RFC 7692, section 7.2).
const syncTail = "\x00\x00\xff\xff"

func (p *simulated) inflate(payload []byte) ([]byte, error) {
	final := "\x01\x00\x00\xff\xff" // an empty block that ends the stream
	in := io.MultiReader(bytes.NewReader(payload), strings.NewReader(syncTail+final))
	message, err := io.ReadAll(flate.NewReaderDict(in, p.window))
	if !p.noWindow {
		p.window = append(p.window, message...)
		p.window = p.window[max(0, len(p.window)-1<<15):]
	}
	return message, err
}
