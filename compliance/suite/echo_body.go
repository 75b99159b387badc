package suite

import (
	"sync"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/compliance/internal/payload"
)

// A body is the data from which the messages of a case are cut, one after the other. After its end, it
// begins again.
type body struct {
	name   string // in the description of a case
	binary bool
	load   func() *bodyData
}

// bodies are the bodies of group 12, in Autobahn's order.
var bodies = []*body{
	newBody("JSON", false, payload.JSON),
	newBody("a gray bitmap", true, payload.Bitmap),
	newBody("German prose", true, payload.Prose),
	newBody("HTML", false, payload.HTML),
	newBody("PDF", true, payload.PDF),
}

// A bodyData is the data of a body, followed by its own beginning, so that every message is contiguous.
type bodyData struct {
	data  []byte
	count int     // characters of text, or bytes, without the repetition
	start []int32 // where each character begins; nil if each is one byte
}

const largestPiece = 128 << 10

// newBody returns a body that loads its data when it is first needed.
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

// piece returns the message of n characters, or bytes, that begins at a position of the body, and the
// position after it. The caller must not change the message.
func (b *body) piece(at, n int) (piece []byte, next int) {
	o := b.load()
	next = (at + n) % o.count
	if o.start != nil {
		return o.data[o.start[at]:o.start[at+n]], next
	}
	return o.data[at : at+n], next
}

// maxBytes returns how many bytes n characters, or bytes, have at most.
func (b *body) maxBytes(n int) int {
	if b.load().start != nil {
		return n * utf8.UTFMax
	}
	return n
}
