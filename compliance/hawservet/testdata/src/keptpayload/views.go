package keptpayload

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"unsafe"

	"github.com/hawser-ws/hawser/websocket"
)

func views(ctx context.Context, c *websocket.Conn, all chan any, texts chan string) {
	var kept [][]byte
	for m := range c.Messages(ctx) {
		all <- bufio.NewReader(bytes.NewReader(m.Data))     // want `sent on a channel`
		all <- json.NewDecoder(bytes.NewReader(m.Data))     // want `sent on a channel`
		texts <- unsafe.String(unsafe.SliceData(m.Data), 1) // want `sent on a channel`
		text := unsafe.String(unsafe.SliceData(m.Data), 10) // a string that shares the bytes
		texts <- text                                       // want `text is sent`
		kept = slices.Insert(kept, 0, m.Data)               // want `stored in kept`
		var lines [][]byte
		for line := range bytes.Lines(m.Data) {
			lines = append(lines, line)
		}
		all <- lines                               // want `lines is sent`
		all <- slices.Collect(bytes.Lines(m.Data)) // want `sent on a channel`
		for _, b := range m.Data {
			all <- b
		}
		for i := range m.Data {
			all <- i
		}
		line, err := bufio.NewReader(bytes.NewReader(m.Data)).ReadString('\n')
		all <- err
		texts <- line
		texts <- string(slices.Insert([]byte(nil), 0, m.Data...))
		all <- slices.Insert([]byte(nil), 0, m.Data...)
	}
}
