package wire

import "encoding/base64"

const (
	// keyGUID is the constant of RFC 6455, section 1.3.
	keyGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

	// keySize is the size of a Sec-WebSocket-Key in bytes, and keyEncodedSize its size
	// in base64.
	keySize        = 16
	keyEncodedSize = 24
)

// AcceptKey returns the value of Sec-WebSocket-Accept that answers a Sec-WebSocket-Key
// with the value key (RFC 6455, section 4.2.2, step 5.4): 28 bytes of base64. It does not
// check key. See [IsKey].
//
// The RFC requires SHA-1, but not for security. A program that runs with
// GODEBUG=fips140=only can therefore call AcceptKey if it was built with Go 1.26 or later.
// Go 1.25 allows no exceptions, so AcceptKey panics in such a program.
func AcceptKey(key string) string {
	b := make([]byte, 0, keyEncodedSize+len(keyGUID))
	b = append(b, key...)
	b = append(b, keyGUID...)
	sum := checksum(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// IsKey reports whether key is a valid value of Sec-WebSocket-Key: 16 bytes in base64 (RFC
// 6455, section 4.2.1, step 5).
func IsKey(key string) bool {
	if len(key) != keyEncodedSize {
		return false
	}
	var b [keyEncodedSize]byte
	n, err := base64.StdEncoding.Decode(b[:], []byte(key))
	return err == nil && n == keySize
}
