package suite

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// If a peer floods us with frames, the wire log, the received events and the queued pongs are limited.
func TestFloodOfFrames(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]string{"pings": "\x89\x00", "messages": "\x81\x00",
		"pongs": "\x8a\x00"} {
		flood := bytes.Repeat([]byte(one), 8*maxPongs)
		for _, id := range []string{"1.1.1", "L.8.1", "7.1.1"} {
			t.Run(name+id, func(t *testing.T) {
				t.Parallel()
				url := serveRaw(t, func(c net.Conn) {
					go func() { _, _ = io.Copy(io.Discard, c) }()
					_, _ = c.Write(flood)
				})
				results, err := TestServer(t.Context(), url, casesMatching(t, id), &Options{Parallel: 1})
				if err != nil {
					t.Fatal(err)
				}
				r := results[0]
				if len(r.Wirelog) > maxLog+1 || len(r.Received) > maxSeen || r.TxFrameStats[10] > maxPongs {
					t.Errorf("%d lines of the wire log, %d events, %d pongs", len(r.Wirelog),
						len(r.Received), r.TxFrameStats[10])
				}
			})
		}
	}
}
