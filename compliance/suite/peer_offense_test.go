package suite

import (
	"io"
	"net"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
)

// serveRaw is a server that answers every handshake and then does as f says.
func serveRaw(t *testing.T, f func(net.Conn)) (url string) {
	t.Helper()
	return serveHead(t, func(c net.Conn, raw []byte) {
		_, _ = io.WriteString(c, accepting(parseHead(raw).fields.Get("Sec-Websocket-Key"))+"\r\n")
		f(c)
	})
}

// serveHead calls f with each connection and the request that came.
func serveHead(t *testing.T, f func(c net.Conn, raw []byte)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if raw, rest, err := readHead(c, func([]byte) {}); err == nil {
					f(c, append(raw, rest...))
				}
			}()
		}
	}()
	return "ws://" + l.Addr().String() + "/"
}

// swallow reads until the peer is gone, and answers nothing.
func swallow(c net.Conn) {
	buf := make([]byte, 1024)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// oneCase runs one case against a server, once.
func oneCase(t *testing.T, url, id string) *report.Result {
	t.Helper()
	cases, err := Cases([]string{id}, nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := TestServer(t.Context(), url, cases, &Options{Parallel: 1})
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	return results[0]
}

// A peer that swallows what it should refuse: the octet of ours is found.
func TestOffenseSent(t *testing.T) {
	t.Parallel()
	r := oneCase(t, serveRaw(t, swallow), "3.2")
	o := r.Offense
	if r.Passed() || o == nil || !o.Sent {
		t.Fatalf("%+v, offense %+v", r.Behavior, o)
	}
	// The second frame begins behind a header of six octets and its payload.
	if at := o.Start + int64(o.Offset); at != 6+int64(len(hello)) || o.Octets[o.Offset] != 0xa1 {
		t.Errorf("the octet at %d, %#x", at, o.Octets[o.Offset])
	}
}

// A peer that sends what it must not: that octet is found.
func TestOffenseReceived(t *testing.T) {
	t.Parallel()
	r := oneCase(t, serveRaw(t, func(c net.Conn) {
		_, _ = c.Write([]byte{0x81, 2, 'o', 'k', 0x8b, 0})
		swallow(c)
	}), "1.1.1")
	o := r.Offense
	if r.Passed() || o == nil || o.Sent || o.Start != 0 || o.Offset != 4 || o.What == "" {
		t.Errorf("%s, offense %+v", r.Behavior, o)
	}
}

func TestNoOffense(t *testing.T) {
	r := oneCase(t, serveRaw(t, func(net.Conn) {}), "1.1.1")
	if r.Passed() || r.Offense != nil {
		t.Errorf("%s, offense %+v", r.Behavior, r.Offense)
	}
}

func TestRecordingIsBounded(t *testing.T) {
	var r recording
	r.add(make([]byte, maxRecorded))
	if len(r.octets) != maxRecorded {
		t.Fatal(len(r.octets))
	}
	r.add([]byte{1})
	r.add([]byte{1})
	if r.octets != nil || !r.lost {
		t.Errorf("%d octets are kept", len(r.octets))
	}
}
