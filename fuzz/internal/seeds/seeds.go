// Package seeds contains the bytes on the wire in the cases of the compliance suite, when run
// against this project's own server and client. These bytes are seeds of most targets.
//
// The files are written by
//
//	go run ./compliance/cmd/wscheck corpus -out fuzz/internal/seeds
//
// which shortens long messages and replaces random bytes, so that two runs write the
// same files. A line is one stream or head: the cases that have it, separated by commas,
// its kind in one or two words, and its bytes as a quoted Go string.
package seeds

import (
	_ "embed" // of the two files
	"fmt"
	"strconv"
	"strings"
)

//go:embed streams.txt
var streamLines string

//go:embed heads.txt
var headLines string

// A Stream is the bytes that one side sent after the opening handshake: frames, whole or
// cut off, with the faults that the case tests. Frames of clients are masked.
type Stream struct {
	Case       string // the IDs of the cases, separated by commas: "1.1.1,2.1"
	FromClient bool
	Compressed bool // permessage-deflate was negotiated; a window of 15 bits can read all
	Data       []byte
}

// A Head is one side's part of an opening handshake. A client's head is the request, with the
// bytes sent together with it. A server's head is the status line and the fields.
type Head struct {
	Case    string // as in Stream
	Request bool
	Data    []byte
}

// Streams returns all streams, in the order of the cases. The caller may change them.
func Streams() []Stream {
	var streams []Stream
	for line := range strings.Lines(streamLines) {
		if s, ok := parseStream(line); ok {
			streams = append(streams, s)
		}
	}
	return streams
}

// Heads returns all heads, in the order of the cases. The caller may change them.
func Heads() []Head {
	var heads []Head
	for line := range strings.Lines(headLines) {
		if h, ok := parseHead(line); ok {
			heads = append(heads, h)
		}
	}
	return heads
}

// parseStream reads a line such as
//
//	1.1.1 client plain "\x81\x807\xfa!="
//
// ok is false for a comment, which begins with #.
func parseStream(line string) (s Stream, ok bool) {
	words, data, ok := split(line, 3)
	if !ok {
		return s, false
	}
	s = Stream{
		Case: words[0], FromClient: words[1] == "client", Compressed: words[2] == "deflate", Data: data,
	}
	if !s.FromClient && words[1] != "server" || !s.Compressed && words[2] != "plain" {
		panic(fmt.Sprintf("BUG: streams.txt: %.80s", line))
	}
	return s, true
}

// parseHead reads a line such as
//
//	H.1.1 request "GET / HTTP/1.1\r\n..."
func parseHead(line string) (h Head, ok bool) {
	words, data, ok := split(line, 2)
	if !ok {
		return h, false
	}
	h = Head{Case: words[0], Request: words[1] == "request", Data: data}
	if !h.Request && words[1] != "response" {
		panic(fmt.Sprintf("BUG: heads.txt: %.80s", line))
	}
	return h, true
}

// split returns the n words and the quoted string of a line.
func split(line string, n int) (words []string, data []byte, ok bool) {
	if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
		return nil, nil, false
	}
	words = strings.SplitN(line, " ", n+1)
	text, err := strconv.Unquote(words[len(words)-1])
	if len(words) != n+1 || err != nil {
		panic(fmt.Sprintf("BUG: not %d words and a quoted string: %.80s", n, line))
	}
	return words[:n], []byte(text), true
}
