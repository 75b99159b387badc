package deflate

import (
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// The level and the dictionary depend on the window, on the size of the message, and on
// whether it may refer to earlier ones.
func TestCompressorForMessage(t *testing.T) {
	const streamed = -1
	small := &Options{WindowBits: 12}
	for _, row := range []struct {
		name   string
		opts   *Options
		answer string
		size   int
		pool   func(p *compressors) *sync.Pool
		dict   int // size of the dictionary in bytes, after many messages
	}{
		{"small", nil, "", 200, best, 1024},
		{"small", nil, "", 1024, best, 1024},
		{"small", nil, "", 1025, best, 1025},
		{"small", nil, "", bestSize, best, 2048},
		{"large", nil, "", bestSize + 1, fast, 2048},
		{"streamed", nil, "", streamed, fast, 2048},
		{"too small to refer", nil, "", minMatch - 1, best, 0},
		{"without takeover", &Options{NoContextTakeover: true}, "", 1000, fast, 0},
		{"without takeover", nil, "; client_no_context_takeover", 1000, fast, 0},
		{"small window by option", small, "", 200, window12, 4096},
		{"agreed window", nil, "; client_max_window_bits=10", 1000, window10, 1024},
		{"large window", &Options{WindowBits: 15}, "", 200, best, 1 << 15},
	} {
		e := MustNew(row.opts)
		answers, err := wire.ParseExtensions([]string{"permessage-deflate" + row.answer})
		if err != nil {
			t.Fatal(err)
		}
		confirmed, err := e.Confirm(answers[0])
		if err != nil {
			t.Fatal(err)
		}
		s := confirmed.(*session)
		if s.enc.takeover {
			s.enc.window.add(make([]byte, 1<<15))
			s.enc.done.message++ // no compressor has this context
		}
		p, fin := make([]byte, max(row.size, 0)), row.size != streamed
		s.enc.begin(len(p), fin)
		if s.enc.c.pool != row.pool(&e.compressors) {
			t.Errorf("%s, %d bytes: the compressor is from another pool", row.name, row.size)
		}
		if got := len(s.enc.c.dict); got != row.dict {
			t.Errorf("%s, %d bytes: the dictionary has %d bytes, want %d", row.name, row.size, got, row.dict)
		}
		s.Close()
	}
}

func best(p *compressors) *sync.Pool     { return &p.best }
func fast(p *compressors) *sync.Pool     { return &p.fast }
func window10(p *compressors) *sync.Pool { return &p.windows[10] }
func window12(p *compressors) *sync.Pool { return &p.windows[12] }
