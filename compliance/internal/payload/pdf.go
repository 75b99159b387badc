package payload

import (
	"bytes"
	"fmt"
	"strings"
)

const pdfSize = 1_042_328

// PDF returns a PDF document of 1,042,328 bytes: pages of text between pictures of noise, which
// do not compress.
func PDF() []byte {
	w := &pdf{dice: 4}
	w.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	w.object("<< /Type /Catalog /Pages 2 0 R >>")
	kids := make([]string, pdfPages)
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", 4+4*i)
	}
	w.object("<< /Type /Pages /Count %d /Kids [%s] >>", pdfPages, strings.Join(kids, " "))
	w.object("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>")
	for range pdfPages {
		n := len(w.offsets) + 1
		w.object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R\n"+
			"/Resources << /Font << /F1 3 0 R >> /XObject << /I1 %d 0 R >> >> >>", n+1, n+2)
		w.stream("", w.text())
		w.stream("/Type /XObject /Subtype /Image /Width 64 /Height 58 "+
			"/BitsPerComponent 8 /ColorSpace /DeviceGray ", w.noise(64*58))
		w.object("<< /Type /Annot /Subtype /Text /Rect [36 36 54 54] /Contents (Picture %d) >>", n/4)
	}
	return w.end()
}

const pdfPages = 192

// A pdf writes a document.
type pdf struct {
	bytes.Buffer
	dice
	offsets []int // offsets of the objects
}

func (w *pdf) object(format string, args ...any) {
	w.offsets = append(w.offsets, w.Len())
	fmt.Fprintf(w, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(w.offsets)}, args...)...)
}

func (w *pdf) stream(keys string, data []byte) {
	w.object("<< %s/Length %d >>\nstream\n%s\nendstream", keys, len(data), data)
}

// text returns the content of a page.
func (w *pdf) text() []byte {
	var b bytes.Buffer
	b.WriteString("BT /F1 11 Tf 14 TL 72 770 Td\n")
	for range 26 {
		fmt.Fprintf(&b, "(%s) Tj T*\n", strings.Join([]string{w.one(nouns), w.one(verbs), w.one(nouns),
			w.one(adverbs)}, " "))
	}
	b.WriteString("ET q 128 0 0 112 72 72 cm /I1 Do Q\n")
	return b.Bytes()
}

func (w *pdf) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.next())
	}
	return b
}

// end writes the table of offsets and pads the document to pdfSize.
func (w *pdf) end() []byte {
	var tail strings.Builder
	fmt.Fprintf(&tail, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, o := range w.offsets {
		fmt.Fprintf(&tail, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&tail, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n", len(w.offsets)+1)
	const last = "%07d\n%%%%EOF\n"
	at := pdfSize - tail.Len() - len(fmt.Sprintf(last, 0))
	fmt.Fprintf(&tail, last, at)
	return filled(w.String()+"%", "more of nothing\n%", "\n"+tail.String(), pdfSize)
}
