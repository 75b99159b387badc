package handshake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// Each byte is accepted where the grammar allows it, and nowhere else.
func TestBytes(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const digits, hex, hosts = "0123456789", "0123456789ABCDEFabcdef", "-._~!$&'()*+,;="
	is := func(set string) func(byte) bool {
		return func(c byte) bool { return strings.IndexByte(set, c) >= 0 }
	}
	token := func(c byte) bool { return wire.IsToken(string(rune(c))) && c < 0x80 }
	target := func(c byte) bool { return c > ' ' && c != 0x7f && c != '%' }
	for where, allowed := range map[string]func(byte) bool{
		"A%cB / HTTP/1.1\r\nHost: x\r\n\r\n":          token,
		"GET /a%cb HTTP/1.1\r\nHost: x\r\n\r\n":       target,
		"GET /?%c HTTP/1.1\r\nHost: x\r\n\r\n":        func(c byte) bool { return target(c) || c == '%' },
		"GET /%%%ca HTTP/1.1\r\nHost: x\r\n\r\n":      is(hex),
		"GET /%%a%c HTTP/1.1\r\nHost: x\r\n\r\n":      is(hex),
		"GET http://a%c/ HTTP/1.1\r\nHost: x\r\n\r\n": is(letters + digits + hosts + ":/"),
		"GET / HTTP/1.1\r\nHost: a%cb\r\n\r\n":        is(letters + digits + hosts),
		"GET / HTTP/1.1\r\nHost: a%%%c0\r\n\r\n":      is(hex),
		"GET / HTTP/1.1\r\nHost: [:%c:]\r\n\r\n":      is(hex + ":."),
		"GET / HTTP/1.1\r\nHost: a:1%c\r\n\r\n":       is(digits + " \t"),
		"GET / HTTP/1.1\r\nHost: x\r\na%cb: c\r\n\r\n": func(c byte) bool {
			return token(c) || c == ':'
		},
		"GET / HTTP/1.1\r\nHost: x\r\na: b%cc\r\n\r\n": func(c byte) bool {
			return c >= ' ' && c != 0x7f || c == '\t'
		},
	} {
		for i := range 256 {
			c := byte(i)
			head := fmt.Sprintf(strings.Replace(where, "%c", "%s", 1), string([]byte{c}))
			var r handshake.Request
			if n, err := r.Consume([]byte(head)); (n == len(head)) != allowed(c) {
				t.Errorf("%q: %d, %v, want %v", head, n, err, allowed(c))
			}
		}
	}
}
