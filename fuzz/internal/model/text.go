package model

// Mask masks or unmasks p (RFC 6455, section 5.3): byte i of the payload is combined with
// byte i MOD 4 of the key. p begins at the given offset of the payload.
func Mask(p []byte, key [4]byte, offset int64) {
	for i := range p {
		p[i] ^= key[(int64(i)+offset)%4]
	}
}

// characters are the rows of the grammar of RFC 3629, section 4: the ranges of the bytes
// of each kind of character.
var characters = [][][2]byte{
	{{0x00, 0x7f}},                                           // UTF8-1
	{{0xc2, 0xdf}, {0x80, 0xbf}},                             // UTF8-2
	{{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},               // UTF8-3, 1
	{{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},               // UTF8-3, 2
	{{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},               // UTF8-3, 3
	{{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},               // UTF8-3, 4
	{{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}, // UTF8-4, 1
	{{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}}, // UTF8-4, 2
	{{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}}, // UTF8-4, 3
}

// Text reads p as UTF-8. good is the length of the longest prefix of p that can begin a
// valid text: if p[good] exists, it is the first invalid byte. whole reports whether p
// itself is valid text.
func Text(p []byte) (good int, whole bool) {
	for good < len(p) {
		length, part := 0, 0
		for _, c := range characters {
			n := common(c, p[good:])
			if n == len(c) {
				length = n
			}
			part = max(part, n)
		}
		if length == 0 {
			return good + part, false
		}
		good += length
	}
	return good, true
}

// common returns how many bytes at the start of p match the character c.
func common(c [][2]byte, p []byte) int {
	n := 0
	for n < len(c) && n < len(p) && c[n][0] <= p[n] && p[n] <= c[n][1] {
		n++
	}
	return n
}

// Close reads the payload of a close frame. Without a code, code is 1005 (RFC 6455,
// section 7.1.5). The At of the fault is an offset in payload.
func Close(payload []byte) (code int, reason []byte, fault *Fault) {
	// 5.5.1: "The Close frame MAY contain a body".
	if len(payload) == 0 {
		return 1005, nil, nil
	}
	// 5.5.1: "If there is a body, the first two bytes of the body MUST be a
	// 2-byte unsigned integer (in network byte order) representing a status code".
	if len(payload) == 1 {
		return 0, nil, &Fault{Rule: CloseOneByte}
	}
	code = int(payload[0])*256 + int(payload[1])
	if !Sendable(code) {
		return 0, nil, &Fault{Rule: CloseCode, At: 1}
	}
	// 5.5.1: "the body MAY contain UTF-8-encoded data".
	if good, whole := Text(payload[2:]); !whole {
		return 0, nil, &Fault{Rule: NotUTF8, At: 2 + int64(good)}
	}
	return code, payload[2:], nil
}

// Sendable reports whether a close frame may carry code.
func Sendable(code int) bool {
	// 7.4.1, and 1012 to 1014, which IANA's registry has added since.
	for _, c := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014} {
		if code == c {
			return true
		}
	}
	// 7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close
	// control frame"; 1004 is reserved. 7.4.2: 0-999 "are not used", 1000-2999
	// are for the protocol; 3000-3999 may be registered, 4000-4999 are private.
	return 3000 <= code && code <= 3999 || 4000 <= code && code <= 4999
}
