package payload_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/compliance/internal/payload"
)

var kinds = []struct {
	name  string
	make  func() []byte
	size  int
	sum   uint64  // FNV-1a of the data, which never change
	whole float64 // compressed size of the original suite's file, as a fraction, with zlib level 6
	small float64 // the same if each 8,192 bytes are compressed separately
}{
	{"JSON", payload.JSON, 194_056, 0x1af70317003e8075, 0.0435, 0.058},
	{"Bitmap", payload.Bitmap, 263_222, 0x897267c3502ae7cd, 0.851, 0.875},
	{"Prose", payload.Prose, 222_218, 0xd3757e40b3d8418b, 0.389, 0.454},
	{"HTML", payload.HTML, 263_647, 0x267ffb86c353d84, 0.0554, 0.083},
	{"PDF", payload.PDF, 1_042_328, 0x6275b17c06a50bb5, 0.758, 0.805},
}

func TestSizes(t *testing.T) {
	for _, k := range kinds {
		data := k.make()
		h := fnv.New64a()
		h.Write(data)
		if len(data) != k.size || h.Sum64() != k.sum {
			t.Errorf("%s: %d bytes with sum %#x, want %d with %#x", k.name, len(data), h.Sum64(), k.size,
				k.sum)
		}
	}
}

// The data compress like the original suite's files, within 8 %. The load that the cases put
// on a peer depends on it.
func TestRatios(t *testing.T) {
	for _, k := range kinds {
		data := k.make()
		var pieces, n int
		for p := data; len(p) >= 8192; p = p[8192:] {
			pieces, n = pieces+compressed(p[:8192]), n+8192
		}
		for _, c := range []struct {
			what      string
			got, want float64
		}{
			{"whole", float64(compressed(data)) / float64(len(data)), k.whole},
			{"8,192 bytes", float64(pieces) / float64(n), k.small},
		} {
			t.Logf("%s, %s: %.4f, original %.4f", k.name, c.what, c.got, c.want)
			if math.Abs(c.got/c.want-1) > 0.08 {
				t.Errorf("%s, %s: compresses to %.4f of its size, the original's to %.4f", k.name, c.what,
					c.got, c.want)
			}
		}
	}
}

// compressed returns the size of b as a compressed message.
func compressed(b []byte) int {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, 6)
	_, _ = w.Write(b)
	_ = w.Flush()
	return out.Len() - 4
}

func TestJSON(t *testing.T) {
	data := payload.JSON()
	if !json.Valid(data) {
		t.Error("not JSON")
	}
	if bytes.ContainsFunc(data, func(r rune) bool { return r > 0x7e }) {
		t.Error("not ASCII")
	}
}

func TestText(t *testing.T) {
	html, prose := payload.HTML(), payload.Prose()
	if !utf8.Valid(html) || !utf8.Valid(prose) {
		t.Error("not UTF-8")
	}
	if more := len(html) - utf8.RuneCount(html); more < 10 || more > 50 {
		t.Errorf("HTML has %d bytes more than characters, want 10 to 50", more)
	}
	if more := len(prose) - utf8.RuneCount(prose); more < 2000 {
		t.Errorf("Prose has %d bytes more than characters, want 2000 or more", more)
	}
}

func TestBitmap(t *testing.T) {
	b := payload.Bitmap()
	le := binary.LittleEndian
	if string(b[:2]) != "BM" || le.Uint32(b[2:]) != uint32(len(b)) || le.Uint32(b[10:]) != 1078 ||
		le.Uint32(b[18:]) != 512 || le.Uint32(b[22:]) != 512 || le.Uint16(b[28:]) != 8 {
		t.Errorf("invalid BMP header % x", b[:54])
	}
}

// The table of offsets in the PDF leads to its objects.
func TestPDF(t *testing.T) {
	b := payload.PDF()
	m := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no startxref")
	}
	at, _ := strconv.Atoi(string(m[1]))
	if !bytes.HasPrefix(b[at:], []byte("xref\n0 ")) || b[at-1] != '\n' {
		t.Fatalf("offset %d has %q, want a table of offsets", at, b[at-1:at+10])
	}
	for i, m := range regexp.MustCompile(`(\d{10}) 00000 n`).FindAllSubmatch(b[at:], -1) {
		off, _ := strconv.Atoi(string(m[1]))
		if want := strconv.Itoa(i+1) + " 0 obj\n"; !bytes.HasPrefix(b[off:], []byte(want)) {
			t.Fatalf("object %d is not at offset %d", i+1, off)
		}
	}
}
