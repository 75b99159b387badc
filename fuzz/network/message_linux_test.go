package network

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

// The kinds of messages. Each message begins with its kind, its number in hexadecimal, and a space.
const (
	have     = 'h' // the sender expects the data with this number; the first message of both sides
	data     = 'd'
	last     = 'l' // all data below this number has been sent
	header   = 1 + 16 + 1
	maxFixed = 64 << 10 // of the varied sizes
)

// newMessage returns a message of size bytes. A size of 0 means one that follows from n. So does the
// rest of the contents, so that the receiver knows each byte.
func newMessage(from string, kind byte, n uint64, size int) (websocket.MessageType, []byte) {
	m := fmt.Appendf(nil, "%c%016x ", kind, n)
	if kind != data {
		return websocket.Text, m
	}
	rng := rand.New(rand.NewPCG(n, uint64(from[0])))
	if size == 0 {
		size = header + varied(rng)
	}
	if n%2 == 1 {
		for len(m) < size {
			m = binary.LittleEndian.AppendUint64(m, rng.Uint64())
		}
		return websocket.Binary, m[:size]
	}
	words := []string{"hawser ", "Trosse ", "aussière ", "перлинь ", "大索 ", "⚓ ", "𝄞 "}
	for len(m) < size {
		m = append(m, words[rng.IntN(len(words))]...)
	}
	return websocket.Text, bytes.ToValidUTF8(m[:size], []byte("?")) // without a part of a rune
}

// varied returns the size of the contents of a message. Most are small, and the sizes at which the
// header of a frame becomes longer are among them.
func varied(rng *rand.Rand) int {
	limits := []int{1, 126 - header, 200, 1 << 10, 1 << 10, 4 << 10, 16 << 10, maxFixed}
	return rng.IntN(limits[rng.IntN(len(limits))])
}

// An inbox checks the data that a side receives, over all of its connections.
type inbox struct {
	from    string // the role of the sender
	size    int    // of all data, or 0
	next    uint64 // the number that is expected
	missing uint64 // how many numbers below next were left out
}

// accept checks a message, and returns its kind and number.
func (in *inbox) accept(m websocket.Message) (kind byte, n uint64, err error) {
	if len(m.Data) < header || m.Data[header-1] != ' ' {
		return 0, 0, fmt.Errorf("message of %d bytes has no header", len(m.Data))
	}
	kind = m.Data[0]
	if n, err = strconv.ParseUint(string(m.Data[1:header-1]), 16, 64); err != nil {
		return 0, 0, err
	}
	typ, want := newMessage(in.from, kind, n, in.size)
	if m.Type != typ || !bytes.Equal(m.Data, want) {
		return 0, 0, fmt.Errorf("message %c%d was changed: got %v of %d bytes, want %v of %d bytes",
			kind, n, m.Type, len(m.Data), typ, len(want))
	}
	if kind != have && n < in.next {
		return 0, 0, fmt.Errorf("message %c%d came twice or late, when %d was expected", kind, n, in.next)
	}
	switch kind {
	case data:
		in.missing += n - in.next
		in.next = n + 1
	case last:
		in.missing += n - in.next
		in.next = n
	}
	return kind, n, nil
}

func TestInbox(t *testing.T) {
	message := func(from string, kind byte, n uint64, size int) websocket.Message {
		typ, p := newMessage(from, kind, n, size)
		return websocket.Message{Type: typ, Data: p}
	}
	in := inbox{from: "server"}
	for _, tt := range []struct {
		kind          byte
		n             uint64
		next, missing uint64
	}{
		{have, 7, 0, 0}, {data, 0, 1, 0}, {data, 1, 2, 0}, {data, 4, 5, 2}, {last, 6, 6, 3},
	} {
		kind, n, err := in.accept(message("server", tt.kind, tt.n, 0))
		if err != nil || kind != tt.kind || n != tt.n || in.next != tt.next || in.missing != tt.missing {
			t.Fatalf("accept(%c%d) = %c, %d, %v, then next %d, missing %d, want %d, %d",
				tt.kind, tt.n, kind, n, err, in.next, in.missing, tt.next, tt.missing)
		}
	}
	changed := message("server", data, 9, 0)
	changed.Data[len(changed.Data)-1] ^= 1
	cut := message("server", data, 9, 0)
	cut.Data = cut.Data[:len(cut.Data)-1]
	other := message("server", data, 9, 0)
	other.Type ^= websocket.Text ^ websocket.Binary
	for name, m := range map[string]websocket.Message{
		"changed":    changed,
		"cut":        cut,
		"other type": other,
		"other side": message("client", data, 9, 0),
		"other size": message("server", data, 9, 1000),
		"again":      message("server", data, 5, 0),
		"ends early": message("server", last, 5, 0),
		"no header":  {Type: websocket.Text, Data: []byte("d")},
		"no number":  {Type: websocket.Text, Data: []byte("d00000000000000x0 ")},
		"empty":      {Type: websocket.Binary},
		"no space":   {Type: websocket.Text, Data: []byte("h0000000000000000d")},
	} {
		if kind, n, err := in.accept(m); err == nil {
			t.Errorf("%s: accept = %c, %d, without an error", name, kind, n)
		}
	}
}
