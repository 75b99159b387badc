package judges

import (
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
)

// The bits of FuzzJudges' mode.
const (
	modeClient  = 1 << iota // the stream is a client's
	modeDeflate             // permessage-deflate was negotiated
)

// maxInput bounds an input, in octets: what is longer finds nothing else.
const maxInput = 16 << 10

// A stream is a seed.
type stream struct {
	data []byte
	mode byte
}

// streams are the seeds: the streams of the suite's cases, and what their short form
// leaves out.
func streams() (list []stream) {
	for _, s := range seeds.Streams() {
		seed := stream{data: s.Data}
		if s.FromClient {
			seed.mode |= modeClient
		}
		if s.Compressed {
			seed.mode |= modeDeflate
		}
		list = append(list, seed)
	}
	return append(list,
		stream{[]byte("\x01\x01x" + strings.Repeat("\x00\x00", 1100) + "\x80\x01y"), 0},
		stream{[]byte("\x01\x817\xfa!=O" + strings.Repeat("\x00\x807\xfa!=", 1100) + "\x80\x817\xfa!=N"), modeClient},
		stream{[]byte(strings.Repeat("\x89\x00", 1100) + "\x81\x01x"), 0},
		stream{[]byte(strings.Repeat("\x8a\x807\xfa!=", 1100) + "\x81\x817\xfa!=O"), modeClient},
	)
}

// The parsers agree on a stream, but for what the rows say.
func FuzzJudges(f *testing.F) {
	for _, s := range streams() {
		f.Add(s.data, s.mode)
	}
	f.Fuzz(func(t *testing.T, data []byte, mode byte) {
		if len(data) > maxInput {
			return
		}
		_, list := judge(mode&modeClient != 0, mode&modeDeflate != 0, data)
		for _, d := range list {
			if accept(rows, d) < 0 {
				t.Errorf("a difference that no row accepts: %v", d)
			}
		}
	})
}

// Every seed does well in either role, with and without compression, and every row is
// exercised by one, for every library that it names.
func TestRows(t *testing.T) {
	seen := map[int]map[string]int{}
	for _, s := range streams() {
		for mode := range byte(4) {
			_, list := judge(mode&modeClient != 0, mode&modeDeflate != 0, s.data)
			for _, d := range list {
				i := accept(rows, d)
				if i < 0 {
					t.Errorf("a difference that no row accepts: %v", d)
				}
				if seen[i] == nil {
					seen[i] = map[string]int{}
				}
				seen[i][d.library.name]++
			}
		}
	}
	for i, r := range rows {
		checkRow(t, r.libraries, r.does, r.section, r.right, seen[i])
	}
}

// checkRow reports a row that nothing exercises.
func checkRow(t *testing.T, libraries, does, section, right string, seen map[string]int) {
	for _, name := range strings.Fields(libraries) {
		if seen[name] == 0 {
			t.Errorf("no seed shows that %s %s", name, does)
		}
	}
	t.Logf("%v: %s (%s; right: %s)", seen, does, section, right)
}
