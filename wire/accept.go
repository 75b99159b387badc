package wire

import "encoding/base64"

const (
	// keyGUID is the constant of RFC 6455, section 1.3.
	keyGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

	// keySize is the size of a decoded Sec-WebSocket-Key in bytes, and
	// keyEncodedSize that of the field.
	keySize        = 16
	keyEncodedSize = 24
)

// AcceptKey returns the Sec-WebSocket-Accept that answers the Sec-WebSocket-Key
// key (RFC 6455, section 4.2.2, step 5.4): 28 bytes of base64. It does not check
// key; see [IsKey].
//
// The RFC asks for SHA-1, as a checksum that protects nothing. A program that runs with
// GODEBUG=fips140=only may therefore call AcceptKey if it was built with Go 1.26 or later.
// If it was built with Go 1.25, which allows no exceptions, AcceptKey panics.
func AcceptKey(key string) string {
	b := make([]byte, 0, keyEncodedSize+len(keyGUID))
	b = append(b, key...)
	b = append(b, keyGUID...)
	sum := checksum(b)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// IsKey reports whether key, the value of a Sec-WebSocket-Key field, is the
// base64 form of 16 bytes, as RFC 6455, section 4.2.1, step 5, asks.
func IsKey(key string) bool {
	if len(key) != keyEncodedSize {
		return false
	}
	var b [keyEncodedSize]byte
	n, err := base64.StdEncoding.Decode(b[:], []byte(key))
	return err == nil && n == keySize
}
