package report

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A page shows the beginning and the end of a long wire log. The JSON has all entries.
const (
	logHead = 1500
	logTail = 200
)

// A logView shows an entry of the wire log.
type logView struct {
	N      string
	Class  string // rx, tx or do
	Arrow  string
	What   string
	Tags   []string
	Size   string
	Body   string
	Hex    bool
	Gloss  string // the bytes as text, if they are mostly printable
	Broken bool   // entries before this one are omitted
}

func logViews(log []LogEntry, head, tail int) (views []logView, cut int) {
	if len(log) > head+tail {
		cut = len(log) - head - tail
	}
	for i, e := range log {
		if cut > 0 && head <= i && i < head+cut {
			continue
		}
		v := newLogView(e)
		v.N = fmt.Sprintf("%03d", i)
		v.Broken = cut > 0 && i == head+cut
		views = append(views, v)
	}
	return views, cut
}

func newLogView(e LogEntry) logView {
	after := strconv.FormatFloat(e.Seconds, 'f', -1, 64) + " s"
	switch e.Kind {
	case RxBytes, TxBytes:
		return bytesView(e)
	case RxFrame, TxFrame:
		return frameView(e)
	case Delay:
		return logView{Class: "do", What: "Wait for " + after, Tags: tag(e.Tag)}
	case DelayOver:
		return logView{Class: "do", What: "End of the wait", Tags: tag(e.Tag)}
	case KillAfter:
		return logView{Class: "do", What: "Fail the connection after " + after}
	case Kill:
		return logView{Class: "do", What: "Fail the connection now"}
	case CloseAfter:
		return logView{Class: "do", What: "Close the connection after " + after}
	case CloseNow:
		return logView{Class: "do", What: "Close the connection now"}
	case WirelogMode:
		if e.On {
			return logView{Class: "do", What: "Logging resumed"}
		}
		return logView{Class: "do", What: "Logging paused"}
	}
	return logView{Class: "do", What: string(e.Kind)}
}

func tag(s string) []string {
	if s == "" {
		return nil
	}
	return []string{"tag " + s}
}

func direction(e LogEntry) (class, arrow string) {
	if e.Kind == TxBytes || e.Kind == TxFrame {
		return "tx", "→"
	}
	return "rx", "←"
}

func bytesView(e LogEntry) logView {
	v := logView{What: "read", Size: byteCount(e.Size), Body: pairs(e.Text), Hex: true, Gloss: gloss(e.Text)}
	v.Class, v.Arrow = direction(e)
	v.Class += " raw"
	if e.Kind == TxBytes {
		v.What = "wrote"
	}
	if e.Sync {
		v.Tags = []string{"sync"}
	}
	return v
}

func byteCount(n int) string { return plural(int64(n), "byte") }

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return thousands(n) + " " + unit + "s"
}

// gloss returns bytes in hexadecimal as text, or "" if they are not mostly printable.
func gloss(h string) string {
	raw, err := hex.DecodeString(strings.TrimSuffix(h, more))
	if err != nil {
		return ""
	}
	text := printable(raw)
	if strings.Count(text, "·")*4 > len(raw) {
		return ""
	}
	return text
}

// printable replaces each byte that is not printable ASCII with a dot.
func printable(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		if c < ' ' || c > '~' {
			b.WriteString("·")
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func frameView(e LogEntry) logView {
	v := logView{What: opcode(e.Opcode), Size: byteCount(e.Size)}
	v.Class, v.Arrow = direction(e)
	v.Body, v.Hex = payloadText(e.Text)
	add := func(cond bool, format string, args ...any) {
		if cond {
			v.Tags = append(v.Tags, fmt.Sprintf(format, args...))
		}
	}
	if e.Fin {
		v.Tags = append(v.Tags, "FIN")
	} else {
		v.Tags = append(v.Tags, "no FIN")
	}
	add(e.RSV&4 != 0, "RSV1")
	add(e.RSV&2 != 0, "RSV2")
	add(e.RSV&1 != 0, "RSV3")
	add(e.Mask != "", "mask %s", e.Mask)
	add(e.Mask == "", "no mask")
	add(e.Repeat > 0, "repeated to %s", byteCount(e.Repeat))
	add(e.Chop > 0, "in writes of %s", byteCount(e.Chop))
	add(e.Sync, "sync")
	if e.Opcode == 8 {
		if code, ok := closeCode(e.Text); ok {
			add(true, "status %d", code)
		}
	}
	return v
}

// closeCode returns the status code at the start of a close frame's payload. The payload is in
// hexadecimal, because a status code is rarely UTF-8.
func closeCode(text string) (code int, ok bool) {
	h, ok := strings.CutPrefix(text, "0x")
	if !ok || len(h) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(h[:4], 16, 16)
	return int(n), err == nil
}

// opcode returns the name and number of an opcode.
func opcode(op int) string {
	name := map[int]string{0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}[op]
	return cmp.Or(name, "reserved") + " (" + strconv.Itoa(op) + ")"
}

// A statView shows a table of counters with the total.
type statView struct {
	Title   string
	Key     string
	Bytes   bool // the table has a column of bytes
	Rows    []statRow
	Total   statRow
	Open    bool // small enough to be shown initially
	Summary string
}

type statRow struct {
	Key, Count, Bytes string
	Share             float64 // percent of the longest bar
}

func stats(r *Result) []statView {
	return []statView{
		byteStats("Bytes received", "Read size", "read", r.RxOctetStats),
		byteStats("Bytes sent", "Write size", "write", r.TxOctetStats),
		frameStats("Frames received", r.RxFrameStats),
		frameStats("Frames sent", r.TxFrameStats),
	}
}

// openRows is the largest number of rows of a table that is shown initially.
const openRows = 10

func byteStats(title, key, unit string, n map[int]int) statView {
	v := statView{Title: title, Key: key, Bytes: true, Open: len(n) <= openRows}
	var count, total, most int64
	for size, c := range n {
		count, total = count+int64(c), total+int64(size)*int64(c)
		most = max(most, int64(size)*int64(c))
	}
	for _, size := range slices.Sorted(maps.Keys(n)) {
		sum := int64(size) * int64(n[size])
		v.Rows = append(v.Rows, statRow{thousands(int64(size)), thousands(int64(n[size])), thousands(sum),
			percent(sum, most)})
	}
	v.Total = statRow{"Total", thousands(count), thousands(total), 0}
	v.Summary = byteCount(int(total)) + " in " + plural(count, unit)
	return v
}

func frameStats(title string, n map[int]int) statView {
	v := statView{Title: title, Key: "Opcode", Open: len(n) <= openRows}
	var count, most int64
	for _, c := range n {
		count, most = count+int64(c), max(most, int64(c))
	}
	for _, op := range slices.Sorted(maps.Keys(n)) {
		c := int64(n[op])
		v.Rows = append(v.Rows, statRow{opcode(op), thousands(c), "", percent(c, most)})
	}
	v.Total = statRow{"Total", thousands(count), "", 0}
	v.Summary = plural(count, "frame")
	return v
}
