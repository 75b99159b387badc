package suite

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
)

// A server that answers 101 with an otherwise invalid response can be tested, and fails cases.
func TestProbeOfBrokenHandshakes(t *testing.T) {
	for _, defect := range []string{"handshake-accept", "handshake-accept-missing", "extension-unoffered",
		"subprotocol-unoffered"} {
		s := &broken.Server{Defect: defect}
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := Probe(t.Context(), url, short); err != nil {
			t.Errorf("%s: %v", defect, err)
		}
		cases, err := Cases([]string{"1.1.1", "H.8.*"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		results, err := TestServer(t.Context(), url, cases, short)
		if err != nil || len(results) != len(cases) || results[0].Behavior != report.Failed ||
			!strings.Contains(results[0].Result, "The connection was not opened: ") {
			t.Errorf("%s: %d results, error %v", defect, len(results), err)
		}
	}
	for _, defect := range []string{"handshake-garbage", "handshake-status-200"} {
		s := &broken.Server{Defect: defect}
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if Probe(t.Context(), url, short) == nil {
			t.Errorf("%s: no error", defect)
		}
	}
}

// The error for an endless answer differs from that for no answer.
func TestProbeOfEndlessHead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Fine\nConnection: close\n\n")
		_, _ = io.Copy(io.Discard, c)
	}()
	o := *short
	o.HandshakeTimeout = doubtTime
	err = Probe(t.Context(), "ws://"+l.Addr().String()+"/", &o)
	if err == nil || !strings.Contains(err.Error(), `"HTTP/1.1 200 Fine\nConnection`) {
		t.Errorf("%v", err)
	}
}
