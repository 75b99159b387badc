package wire_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

func TestAcceptKey(t *testing.T) {
	for key, want := range map[string]string{
		"dGhlIHNhbXBsZSBub25jZQ==": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", // RFC 6455, section 1.3
		"x3JJHMbDL1EzLkh9GBhXDw==": "HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
		"":                         "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=",
	} {
		if got := wire.AcceptKey(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
	if long := strings.Repeat("k", 1000); wire.AcceptKey(long) == wire.AcceptKey(long[1:]) {
		t.Error("long keys are truncated before hashing")
	}
}

func TestIsKey(t *testing.T) {
	for size := range 40 {
		key := base64.StdEncoding.EncodeToString(make([]byte, size))
		if got, want := wire.IsKey(key), size == 16; got != want {
			t.Errorf("%d bytes: %v", size, got)
		}
		raw := base64.RawStdEncoding.EncodeToString(make([]byte, size))
		if got, want := wire.IsKey(raw), raw == key && size == 16; got != want {
			t.Errorf("%d bytes without padding: %v", size, got)
		}
	}
	for key, want := range map[string]bool{
		"dGhlIHNhbXBsZSBub25jZQ==":    true,
		"AQIDBAUGBwgJCgsMDQ4PEC==":    true, // as in RFC 6455, section 4.1, but with padding bits set
		"+/+/+/+/+/+/+/+/+/+/+w==":    true,
		"-_-_-_-_-_-_-_-_-_-_-w==":    false, // the URL alphabet
		"dGhlIHNhbXBsZSBub25jZQ":      false,
		"dGhlIHNhbXBsZSBub25jZQ=":     false,
		"dGhlIHNhbXBsZSBub25jZQ===":   false,
		" dGhlIHNhbXBsZSBub25jZQ==":   false,
		"dGhlIHNhbXBsZSBub25jZQ== ":   false,
		"dGhlIHNhbXBs\r\nZSBub25jZQ":  false,
		"dGhlIHNhbXBsZSBub25j\nZQ==":  false,
		"dGhlIHNhbXBsZSBub25j\nZQ=":   false,
		"dGhlIHNhbXBsZSBub25jZ\n==":   false,
		"dGhlIHNhbXBsZSBub25jZQ=Z":    false,
		"dGhlIHNhbXBsZSBub25jZ\u20ac": false,
		"************************":    false,
	} {
		if got := wire.IsKey(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}
