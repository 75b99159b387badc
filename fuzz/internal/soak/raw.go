package soak

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// raw is a connection on which a client can send arbitrary bytes.
type raw struct {
	net.Conn              // TCP or TLS
	tcp      *net.TCPConn // the connection below TLS
	br       *bufio.Reader
	dec      wire.Decoder
	read     []byte // not decoded yet
	buf      [4096]byte
}

// dialRaw opens a connection whose deadline is limit from now.
func dialRaw(ctx context.Context, p *process, limit time.Duration) (*raw, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	r := &raw{Conn: c, tcp: c.(*net.TCPConn)}
	if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if p.tls != nil {
		t := tls.Client(c, p.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		r.Conn = t
	}
	r.br = bufio.NewReader(r.Conn)
	r.dec = wire.Decoder{Role: wire.Client, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1}
	return r, nil
}

// reset drops the connection with a TCP reset.
func (r *raw) reset() {
	_ = r.tcp.SetLinger(0)
	_ = r.tcp.Close()
}

// halfClose ends the client's direction of the stream.
func (r *raw) halfClose() error {
	if t, ok := r.Conn.(*tls.Conn); ok {
		return t.CloseWrite()
	}
	return r.tcp.CloseWrite()
}

// request returns the request of an opening handshake, without the blank line at its end.
func request(path string, fields ...string) []byte {
	var key [16]byte
	_, _ = rand.Read(key[:])
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", path)
	b = append(b, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"...)
	b = fmt.Appendf(b, "Sec-WebSocket-Key: %s\r\n", base64.StdEncoding.EncodeToString(key[:]))
	for _, f := range fields {
		b = append(b, f+"\r\n"...)
	}
	return b
}

const (
	blankLine    = "\r\n"
	offerDeflate = "Sec-WebSocket-Extensions: permessage-deflate"
)

// open performs a valid opening handshake.
func (r *raw) open(path string, fields ...string) error {
	if _, err := r.Write(append(request(path, fields...), blankLine...)); err != nil {
		return err
	}
	status, err := r.status()
	if err == nil && status != http.StatusSwitchingProtocols {
		err = fmt.Errorf("handshake refused with status %d", status)
	}
	return err
}

// status reads a response without its body and returns its status code.
func (r *raw) status() (int, error) {
	resp, err := http.ReadResponse(r.br, &http.Request{Method: http.MethodGet})
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, nil
}

// frame appends a masked frame to dst. The masking key is zero, so the payload need not be masked.
func frame(dst []byte, op wire.Opcode, fin bool, rsv byte, payload []byte) []byte {
	h := wire.Header{Fin: fin, RSV: rsv, Opcode: op, Masked: true, Length: int64(len(payload))}
	dst = wire.AppendHeader(dst, h)
	return append(dst, payload...)
}

// header returns the header of a masked frame with any payload length.
func header(op wire.Opcode, length int64) []byte {
	return wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: op, Masked: true, Length: length})
}

// closeFrame skips frames until the server's close frame and returns its code.
func (r *raw) closeFrame() (wire.StatusCode, error) {
	r.dec.RSV = wire.RSV1 // messages may be compressed
	for {
		f, n, err := r.dec.Next(r.read)
		r.read = r.read[n:]
		if err != nil {
			return 0, fmt.Errorf("invalid frame from the server: %w", err)
		}
		switch f.Kind {
		case wire.KindNone:
			n, err := r.br.Read(r.buf[:])
			if err != nil {
				return 0, err
			}
			r.read = r.buf[:n]
		case wire.KindClose:
			code, _, err := wire.ConsumeClose(f.Payload)
			return code, err
		}
	}
}

// awaitDrop waits until the server has dropped the connection.
func (r *raw) awaitDrop() error {
	if _, err := io.Copy(io.Discard, r.br); isTimeout(err) {
		return errors.New("the server did not drop the connection in time")
	}
	return nil // EOF or a reset
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
