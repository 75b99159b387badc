package suite

import (
	"sync"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/compliance/internal/payload"
)

// A body is data that the messages of a case are cut from, one behind the other, and
// from the beginning again at the end.
type body struct {
	name   string // in words
	binary bool
	load   func() *bodyData
}

// bodies are those of group 12, in the original's order.
var bodies = []*body{
	newBody("JSON", false, payload.JSON),
	newBody("a grey bitmap", true, payload.Bitmap),
	newBody("German prose", true, payload.Prose),
	newBody("HTML", false, payload.HTML),
	newBody("PDF", true, payload.PDF),
}

// A bodyData is the data of a body, followed by as much of their beginning as the
// largest message has, so that each message is in one piece.
type bodyData struct {
	data  []byte
	count int     // characters of text or octets, without the repetition
	start []int32 // where each character begins; nil if each is an octet
}

const largestPiece = 128 << 10

// newBody makes a body whose data are made once they are needed.
func newBody(name string, binary bool, data func() []byte) *body {
	return &body{name, binary, sync.OnceValue(func() *bodyData {
		b := data()
		o := &bodyData{count: len(b)}
		if !binary && utf8.RuneCount(b) < len(b) {
			for i := range string(b) {
				o.start = append(o.start, int32(i))
			}
			o.count = len(o.start)
			for i := range largestPiece + 1 {
				o.start = append(o.start, o.start[i]+int32(len(b)))
			}
		}
		o.data = append(b, b[:min(4*largestPiece, len(b))]...)
		return o
	})}
}

// piece returns the message of n characters, or octets, that begins at a place of the
// body, and the place behind it. It is to be read only.
func (b *body) piece(at, n int) (piece []byte, next int) {
	o := b.load()
	next = (at + n) % o.count
	if o.start != nil {
		return o.data[o.start[at]:o.start[at+n]], next
	}
	return o.data[at : at+n], next
}

// octets is how many octets n characters, or octets, have at most.
func (b *body) octets(n int) int {
	if b.load().start != nil {
		return n * utf8.UTFMax
	}
	return n
}
