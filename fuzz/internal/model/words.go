package model

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
)

// Lower returns s with its ASCII letters in lower case.
func Lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// Lists reports whether the lines of a list, such as those of Connection, contain a value
// in any case. Invalid elements are ignored.
func Lists(lines []string, value string) bool {
	for _, e := range strings.Split(strings.Join(lines, ","), ",") {
		if e = strings.Trim(e, " \t"); e != "" && Lower(e) == Lower(value) {
			return true
		}
	}
	return false
}

// IsKey reports whether a Sec-WebSocket-Key is valid. RFC 6455, section 4.2.1: "a
// base64-encoded (see Section 4 of [RFC4648]) value that, when decoded, is 16 bytes in
// length", which is 22 characters and padding. The last four bits have no meaning, and
// decoders "MAY" check them (RFC 4648, section 3.5).
func IsKey(key string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return len(key) == 24 && strings.Trim(key[:22], alphabet) == "" && key[22:] == "=="
}

// AcceptKey returns the Sec-WebSocket-Accept for a key (RFC 6455, section 4.2.2, step 5.4).
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
