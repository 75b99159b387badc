package script

import (
	"fmt"
	"strings"
	"sync"
)

// fillings holds the contents of payloads for each value of Op.Fill. All but the second
// are text. Each is longer than a payload, which may begin anywhere in the first part.
var fillings = sync.OnceValue(func() (all [4]string) {
	const n = 8*maxSize + 4096
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"item %d","tags":["red","green"],"ok":true},`, i, i*i%997)
	}
	all[0] = b.String()
	noise := make([]byte, n)
	x := uint32(1)
	for i := range noise {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise[i] = byte(x >> 8)
	}
	all[1] = string(noise)
	all[2] = strings.Repeat("\x00", n)
	all[3] = strings.Repeat("a\u00e9\u20ac\U0001f600", n/10+1)
	return all
})

// Payload returns a payload of n bytes that begins with id, or a prefix of id.
func Payload(id string, n int, fill byte, text bool, shift int) []byte {
	p := append(make([]byte, 0, n), id[:min(n, len(id))]...)
	if text && fill == 1 {
		fill = 0
	}
	filling := fillings()[fill&3][shift%400*10:]
	p = append(p, filling[:n-len(p)]...)
	for i := n - 1; text && fill == 3 && i >= 0 && p[i] >= 0x80; i-- { // the last rune may be cut
		p[i] = '.'
	}
	return p
}
