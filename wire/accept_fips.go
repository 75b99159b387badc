//go:build go1.26 && !tinygo

package wire

import (
	"crypto/fips140"
	"crypto/sha1"
)

// checksum returns the SHA-1 of p. GODEBUG=fips140=only forbids SHA-1 because it is weak,
// but nothing here relies on its strength.
func checksum(p []byte) (sum [sha1.Size]byte) {
	fips140.WithoutEnforcement(func() { sum = sha1.Sum(p) })
	return sum
}
