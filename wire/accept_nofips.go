//go:build !go1.26 || tinygo

package wire

import "crypto/sha1"

// checksum returns the SHA-1 of p. Here, crypto/fips140 has no WithoutEnforcement.
func checksum(p []byte) [sha1.Size]byte { return sha1.Sum(p) }
