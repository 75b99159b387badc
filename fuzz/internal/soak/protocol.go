package soak

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/hawser-ws/hawser/websocket"
)

// The protocol between clients and server. A text message that begins with a mark is a command to the
// server, or a message of a topic. The server echoes all other messages. Random texts never begin with a
// mark.
//
//	!sum text      to the server: publish this
//	?leave         to the server: leave the topic
//	?close         to the server: leave the topic, then close the connection
//	?work n        to the server: be busy for n nanoseconds, then send this back
//	#join n        to a member: you receive the messages after number n
//	#n sum text    to a member: message n of the topic
//	#end n         to a member: n was the last message; no echo follows
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

// mark returns the mark with which a message begins, or 0.
func mark(t websocket.MessageType, p []byte) byte {
	marks := []byte{markPublish, markAsk, markTopic}
	if t == websocket.Text && len(p) > 0 && bytes.IndexByte(marks, p[0]) >= 0 {
		return p[0]
	}
	return 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns the CRC-32C of a message, which distinguishes it from other random messages.
func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// appendPublish appends the message that publishes text.
func appendPublish(dst, text []byte) []byte {
	dst = fmt.Appendf(dst, "%c%08x ", markPublish, checksum(text))
	return append(dst, text...)
}

// appendTopic appends message n of a topic as its members receive it. p is the published message. Its
// checksum is kept, so that the receiver can verify what the publisher sent.
func appendTopic(dst []byte, n int64, p []byte) []byte {
	dst = append(dst, markTopic)
	dst = strconv.AppendInt(dst, n, 10)
	dst = append(dst, ' ')
	return append(dst, p[1:]...)
}

// parseTopic returns the number of a message made by appendTopic, and whether its text matches its
// checksum.
func parseTopic(p []byte) (n int64, intact bool) {
	number, rest, _ := bytes.Cut(p[1:], []byte{' '})
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, false
	}
	sum, text, ok := bytes.Cut(rest, []byte{' '})
	return n, ok && string(sum) == fmt.Sprintf("%08x", checksum(text))
}

// parseNumber returns the number that follows prefix in p.
func parseNumber(p []byte, prefix string) (int64, bool) {
	number, ok := bytes.CutPrefix(p, []byte(prefix))
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	return n, err == nil
}
