package measure

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// JSONMessages returns n messages of size bytes, like those of a service that sends its state from time
// to time. Every call returns the same messages. With 64 messages of 1 KiB, no DEFLATE window has two of
// the same.
func JSONMessages(n, size int) (all [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		b := fmt.Appendf(nil, `{"type":"update","seq":%d,"items":[`, i)
		for len(b) < size-100 {
			b = fmt.Appendf(b, `{"id":%d,"name":"item-%d","price":%.2f,"tags":["a%d","b"],"ok":%v},`,
				random.IntN(1e6), random.IntN(1e4), random.Float64()*100, random.IntN(9), random.IntN(2) == 0)
		}
		b = append(b[:len(b)-1], `],"pad":"`...)
		b = append(b, strings.Repeat("=", size-2-len(b))...)
		all = append(all, append(b, `"}`...))
	}
	return all
}
