package soak

import (
	"bytes"
	"errors"
	"io"
)

// Abuses of the opening handshake.

// garbageBefore sends bytes that are not HTTP. Without a line break, the server sees a request that stalls.
func (a *abuser) garbageBefore() error {
	p := make([]byte, 1+a.rng.IntN(4<<10))
	fill(a.rng, p)
	p[0] |= 0x80 // not valid in a method
	if a.rng.IntN(4) > 0 {
		p = append(p, "\r\n\r\n"...)
	}
	if _, err := a.Write(p); err != nil {
		return nil // dropped already
	}
	switch err := a.expectStatus(400, 431); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isReset(err):
		return nil // dropped without a response
	default:
		return err
	}
}

// garbageWithin sends a line of garbage among the header fields of a valid request.
func (a *abuser) garbageWithin() error {
	p := make([]byte, 1+a.rng.IntN(200))
	fill(a.rng, p)
	p = bytes.ReplaceAll(p, []byte{'\n'}, []byte{' '})
	b := append(request(a.path()), 0) // not valid in a field name
	b = append(append(b, p...), ": x\r\n\r\n"...)
	if _, err := a.Write(b); err != nil {
		return err
	}
	return a.expectStatus(400)
}

// badHandshake sends a valid HTTP request that is not a valid opening handshake.
func (a *abuser) badHandshake() error {
	good := append(request(a.path()), "Connection: close\r\n\r\n"...)
	bad := []struct {
		old, new string
		status   int
	}{
		{"Version: 13", "Version: 12", 426},
		{"Key: ", "Key: no", 400},
		{"Key: ", "Keys: ", 400},
		{"Upgrade: websocket", "Upgrade: h2c", 426},
		{"GET ", "POST ", 405},
		{"\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello", 400},
	}
	b := bad[a.rng.IntN(len(bad))]
	if _, err := a.Write(bytes.Replace(good, []byte(b.old), []byte(b.new), 1)); err != nil {
		return err
	}
	return a.expectStatus(b.status)
}

// stallHandshake sends the beginning of a request and waits.
func (a *abuser) stallHandshake() error {
	b := request(a.path())
	if _, err := a.Write(b[:a.rng.IntN(len(b))]); err != nil {
		return err
	}
	return a.awaitDrop()
}
