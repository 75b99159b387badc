package soak

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/hawser-ws/hawser/websocket"
)

// What clients and server say to one another. A text message that begins with a
// mark is meant for the server, or for the members of a topic; every other message
// is echoed. The texts that clients make up begin with none of the marks.
//
//	!sum text      to the server: publish this
//	?leave         to the server: leave the topic
//	?close         to the server: leave the topic, then close the connection
//	?work n        to the server: be busy for n nanoseconds, then send this back
//	#join n        to a member: the messages after number n are yours
//	#n sum text    to a member: message n of the topic
//	#end n         to a member: n was the last; also, all echoes are out
const (
	markPublish = '!'
	markAsk     = '?'
	markTopic   = '#'

	askLeave = "?leave"
	askClose = "?close"
	askWork  = "?work "

	topicJoin = "#join "
	topicEnd  = "#end "
)

// mark is the mark that a message begins with, or 0.
func mark(t websocket.MessageType, p []byte) byte {
	if t == websocket.Text && len(p) > 0 && bytes.IndexByte([]byte{markPublish, markAsk, markTopic}, p[0]) >= 0 {
		return p[0]
	}
	return 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum tells a message from every other one that a client is likely to make.
func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// appendPublish appends the message that publishes text.
func appendPublish(dst, text []byte) []byte {
	dst = fmt.Appendf(dst, "%c%08x ", markPublish, checksum(text))
	return append(dst, text...)
}

// appendTopic appends what members get for number n of a topic. p is what was
// published; its sum goes with it, so that it is checked from client to client.
func appendTopic(dst []byte, n int64, p []byte) []byte {
	dst = append(dst, markTopic)
	dst = strconv.AppendInt(dst, n, 10)
	dst = append(dst, ' ')
	return append(dst, p[1:]...)
}

// parseTopic is the number of a message that appendTopic made, and whether the text
// in it is what was published.
func parseTopic(p []byte) (n int64, intact bool) {
	number, rest, _ := bytes.Cut(p[1:], []byte{' '})
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, false
	}
	sum, text, ok := bytes.Cut(rest, []byte{' '})
	return n, ok && string(sum) == fmt.Sprintf("%08x", checksum(text))
}

// parseNumber reads the number of #join or #end.
func parseNumber(p []byte, prefix string) (int64, bool) {
	number, ok := bytes.CutPrefix(p, []byte(prefix))
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	return n, err == nil
}
