package suite

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
)

func TestCompressedServer(t *testing.T) {
	cases := casesMatching(t, "12.*", "13.*")
	if len(cases) != 216 || cases[0].ID != "12.1.1" || cases[90].ID != "13.1.1" ||
		cases[215].ID != "13.7.18" {
		t.Fatalf("%d cases", len(cases))
	}
	url := serveHandler(t, testee.Echo())
	results, err := TestServer(t.Context(), url, fewSizes(cases), &Options{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed() {
			t.Errorf("%s: %s, close %s: %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
		if n := r.Traffic; n == nil || n.OutgoingWebSocketMessages != 50 ||
			n.IncomingWebSocketMessages != 50 ||
			n.OutgoingOctetsAppLevel != n.IncomingOctetsAppLevel ||
			n.IncomingOctetsWireLevel < n.IncomingOctetsWebSocketLevel {
			t.Errorf("%s: traffic %+v", r.ID, r.Traffic)
		}
		if !r.ReportTime || !r.ReportCompressionRatio || !r.Quick || !r.CreateWirelog || r.Case < 302 ||
			r.Case > 517 {
			t.Errorf("%s: the result is incomplete: %+v", r.ID, r)
		}
	}
}

// negotiated has Autobahn's offers as a client, and its answers as a server to an offer of everything.
var negotiated = []struct{ subgroup, offers, answer string }{
	{"12.1", "permessage-deflate; client_no_context_takeover; client_max_window_bits", "permessage-deflate"},
	{"12.5", "permessage-deflate; client_no_context_takeover; client_max_window_bits", "permessage-deflate"},
	{"13.1", "permessage-deflate; client_no_context_takeover; client_max_window_bits", "permessage-deflate"},
	{"13.2", "permessage-deflate; client_no_context_takeover; client_max_window_bits; " +
		"server_no_context_takeover",
		"permessage-deflate; client_no_context_takeover"},
	{"13.3",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=9",
		"permessage-deflate; client_max_window_bits=9"},
	{"13.4",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=15",
		"permessage-deflate; client_max_window_bits=15"},
	{"13.5", "permessage-deflate; client_no_context_takeover; client_max_window_bits; " +
		"server_no_context_takeover; server_max_window_bits=9",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=9"},
	{"13.6", "permessage-deflate; client_no_context_takeover; client_max_window_bits; " +
		"server_no_context_takeover; server_max_window_bits=15",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=15"},
	{"13.7", "permessage-deflate; client_no_context_takeover; client_max_window_bits; " +
		"server_no_context_takeover; server_max_window_bits=9, permessage-deflate; " +
		"client_no_context_takeover; client_max_window_bits; server_no_context_takeover, " +
		"permessage-deflate; client_no_context_takeover; client_max_window_bits",
		"permessage-deflate; client_no_context_takeover; client_max_window_bits=9"},
}

// The offers and the answers on the wire are those of Autobahn.
func TestCompressedOffers(t *testing.T) {
	url := serveHandler(t, testee.Echo())
	for _, n := range negotiated {
		cases := casesMatching(t, n.subgroup+".2")
		r := runQuick(t, url, cases)[0]
		want := "\r\nSec-WebSocket-Extensions: " + n.offers + "\r\n"
		if !strings.Contains(r.HTTPRequest, want) {
			t.Errorf("%s: the request is %q, want %q", r.ID, r.HTTPRequest, want)
		}
		large := deflate.MustNew(&deflate.Options{WindowBits: 15})
		c := clientResult(t, cases[0], large)
		want = "\r\nSec-WebSocket-Extensions: " + n.answer + "\r\n"
		if !strings.Contains(c.HTTPResponse, want) || !c.Passed() {
			t.Errorf("%s: the answer to a client is %q, want %q; %s %s", c.ID, c.HTTPResponse, want,
				c.Behavior, c.Result)
		}
	}
}

// The verdict is UNIMPLEMENTED for a peer without compression, or without the parameters of the case.
func TestCompressedUnimplemented(t *testing.T) {
	url := serveHandler(t, echoServerChanging(nil, nil))
	for _, r := range runQuick(t, url, casesMatching(t, "12.1.1", "12.5.18", "13.7.18")) {
		if r.Behavior != report.Unimplemented || r.BehaviorClose != report.OK || r.Traffic != nil {
			t.Errorf("%s: %s, close %s: %s", r.ID, r.Behavior, r.BehaviorClose, r.Result)
		}
	}
	for _, c := range casesMatching(t, "12.1.1", "13.3.1", "13.7.1") {
		if r := clientResult(t, c, nil); r.Behavior != report.Unimplemented || r.BehaviorClose != report.OK {
			t.Errorf("client, %s: %s, close %s: %s", r.ID, r.Behavior, r.BehaviorClose, r.Result)
		}
	}
}

// A server that changes one message fails. The suite has the messages on a tape, because an earlier
// connection returned them unchanged.
func TestCompressedChanged(t *testing.T) {
	change := map[string]func(m websocket.Message) (websocket.MessageType, []byte){
		"it differs from byte 100 on": func(m websocket.Message) (websocket.MessageType, []byte) {
			m.Data[100] ^= 1
			return m.Type, m.Data
		},
		"it has 255 characters, not 256": func(m websocket.Message) (websocket.MessageType, []byte) {
			return m.Type, m.Data[1:]
		},
		"it has 512 characters, not 256": func(m websocket.Message) (websocket.MessageType, []byte) {
			return m.Type, bytes.Repeat(m.Data, 2)
		},
		"it is a message of the other type": func(m websocket.Message) (websocket.MessageType, []byte) {
			return websocket.Binary, m.Data
		},
	}
	for words, f := range change {
		for bad, noContext := range map[int]bool{0: false, 7: true, 49: false} {
			ext := deflate.MustNew(&deflate.Options{NoContextTakeover: noContext})
			url := serveHandler(t, echoServerChanging(ext,
				func(c, n int, m websocket.Message) (websocket.MessageType, []byte) {
					if c == 1 && n == bad {
						return f(m)
					}
					return m.Type, m.Data
				}))
			r := runQuick(t, url, casesMatching(t, "12.1.3", "13.1.3")) // which send the same messages
			if !r[0].Passed() {
				t.Errorf("%s: %s", r[0].ID, r[0].Result)
			}
			if r[1].Behavior != report.Failed || r[1].BehaviorClose != report.OK || r[1].Traffic != nil ||
				r[1].Result != fmt.Sprintf("Message %d came back changed: %s.", bad+1, words) {
				t.Errorf("%q in message %d: %s, close %s: %s", words, bad+1, r[1].Behavior,
					r[1].BehaviorClose, r[1].Result)
			}
		}
	}
}

// Servers with a defect fail, as they do in Autobahn.
func TestCompressedBroken(t *testing.T) {
	for defect, id := range map[string]string{
		"deflate-window-exceeded":     "13.3.4",
		"deflate-reset-out-forgotten": "13.2.4",
		"deflate-not-deflated":        "12.1.4",
		"deflate-rsv1-missing":        "12.2.4",
	} {
		s := &broken.Server{Defect: defect}
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r := runQuick(t, url, casesMatching(t, id))[0]
		t.Logf("%s, %s: %s %s: %s %s", defect, r.ID, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		if r.Behavior != report.Failed {
			t.Errorf("%s: %s: %s", r.ID, r.Behavior, r.Result)
		}
	}
	s := &broken.Server{}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, r := range runQuick(t, url, casesMatching(t, "12.3.4", "13.1.4", "13.2.4", "13.3.4", "13.5.4")) {
		if !r.Passed() {
			t.Errorf("%s without a defect: %s: %s", r.ID, r.Behavior, r.Result)
		}
	}
}
