package model

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"
)

// Lower changes ASCII letters alone.
func Lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// Lists reports whether the lines of a list, as those of Connection, name a value in
// any case. What else the list holds is no matter.
func Lists(lines []string, value string) bool {
	for _, e := range strings.Split(strings.Join(lines, ","), ",") {
		if e = strings.Trim(e, " \t"); e != "" && Lower(e) == Lower(value) {
			return true
		}
	}
	return false
}

// IsKey says whether a Sec-WebSocket-Key is one. RFC 6455, section 4.2.1: "a
// base64-encoded (see Section 4 of [RFC4648]) value that, when decoded, is 16 bytes in
// length", which is 22 characters and padding. The last four bits mean nothing, and
// "MAY" be looked at (RFC 4648, section 3.5).
func IsKey(key string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return len(key) == 24 && strings.Trim(key[:22], alphabet) == "" && key[22:] == "=="
}

// AcceptKey is the answer to a key (RFC 6455, section 4.2.2, step 5.4).
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
