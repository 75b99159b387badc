//go:build !go1.26 || tinygo

package wire

import "crypto/sha1"

// checksum returns the SHA-1 of p. Package crypto/fips140 has no exception to offer here.
func checksum(p []byte) [sha1.Size]byte { return sha1.Sum(p) }
