package handshake

import "bytes"

// The classes of bytes. A byte may be in several.
const (
	tokenByte  = 1 << iota // of a token (RFC 9110, section 5.6.2)
	valueByte              // of a field value (RFC 9110, section 5.5)
	targetByte             // of a request target, as net/url accepts it
	hostByte               // of a host name (RFC 3986, section 3.2.2), except "%"
	ip6Byte                // of an IPv6 address
	hexByte
	digitByte
)

var classes = func() (all [256]uint8) {
	for i := range all {
		c := byte(i)
		if c >= ' ' && c != 0x7f || c == '\t' {
			all[i] |= valueByte
		}
		if c > ' ' && c != 0x7f {
			all[i] |= targetByte
		}
		lower := c | 0x20
		switch {
		case '0' <= c && c <= '9':
			all[i] |= tokenByte | hostByte | ip6Byte | hexByte | digitByte
		case 'a' <= lower && lower <= 'f':
			all[i] |= tokenByte | hostByte | ip6Byte | hexByte
		case 'g' <= lower && lower <= 'z':
			all[i] |= tokenByte | hostByte
		}
		for _, class := range []struct {
			bit   uint8
			bytes string
		}{{tokenByte, "!#$%&'*+-.^_`|~"}, {hostByte, "-._~!$&'()*+,;="}, {ip6Byte, ":."}} {
			if bytes.IndexByte([]byte(class.bytes), c) >= 0 {
				all[i] |= class.bit
			}
		}
	}
	return all
}()

// consistsOf reports whether each byte of b is in a class. b may be empty.
func consistsOf(b []byte, class uint8) bool {
	for _, c := range b {
		if classes[c]&class == 0 {
			return false
		}
	}
	return true
}

// isToken reports whether b is a token.
func isToken(b []byte) bool {
	return len(b) > 0 && consistsOf(b, tokenByte)
}

// equalFold reports whether b is s, ignoring the case of ASCII letters. s has only letters,
// digits and "-", and b has no control characters, which differ from digits and "-" in the
// same bit as "A" from "a".
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != s[i]|0x20 {
			return false
		}
	}
	return true
}

// hasToken is [wire.HasToken] for one value, without converting it to a string.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		var element []byte
		element, list, _ = bytes.Cut(list, []byte{','})
		if equalFold(trim(element), token) {
			return true
		}
	}
	return false
}

// validEscapes reports whether each "%" in b begins an escape (RFC 3986, section 2.1).
func validEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '%')
		if i < 0 {
			return true
		}
		if len(b) < i+3 || !consistsOf(b[i+1:i+3], hexByte) {
			return false
		}
		b = b[i+3:]
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// trim returns b without the white space around it.
func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// clip returns b without spare capacity, so that appending to it does not change what follows.
func clip(b []byte) []byte { return b[:len(b):len(b)] }
