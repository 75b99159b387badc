package suite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/wire"
)

const info, failed = report.Informational, report.Failed // rows.go has ok

// scriptServers are servers and the verdicts on them.
var scriptServers = []struct {
	what, id        string
	server          func(net.Conn)
	behavior, close report.Verdict
	rule            string // words of the rule that the verdict depends on
}{
	{"waits", "L.1.1", swallow, info, ok, ""},
	{"drops TCP", "L.1.1", gone, ok, info, ""},
	{"ignores the top bit", "L.1.1", func(c net.Conn) {
		gone(c)
		_, _ = c.Write([]byte("\x81\x05Hello"))
		swallow(c)
	}, failed, ok, "Incoming data MUST be parsed"},
	{"accepts long forms", "L.2.1", fair, info, ok, ""},
	{"hangs", "L.2.1", swallow, failed, report.Unclean, "Upon receipt of a Ping"},
	{"waits", "L.3.6", swallow, info, ok, ""},
	{"drops TCP", "L.3.1", gone, ok, ok, ""},
	{"ignores a long ping", "L.4.1", skipping(wire.OpPing), failed, ok,
		"Incoming data MUST always be validated"},
	{"waits", "L.4.5", swallow, info, ok, ""},
	{"closes with 1008", "L.4.1", closer("\x03\xf0"), ok, info, ""},
	{"closes with 4000", "L.4.1", closer("\x0f\xa0"), ok, info, ""},
	{"closes with 1000", "L.4.1", closer("\x03\xe8"), ok, report.WrongCode,
		"If _The WebSocket Connection is Established_"},
	{"answers with 1000", "L.4.11", closer("\x03\xe8"), info, ok, ""},
	{"answers with 1015", "L.4.11", closer("\x03\xf7"), failed, failed, "1015 is a reserved value"},
	{"answers with 1016", "L.4.11", closer("\x03\xf8"), failed, failed, "If there is a body"},
	{"answers with a reason that is not UTF-8", "L.4.11", closer("\x03\xe8\xff"), failed, failed,
		"UTF-8-encoded data with value /reason/"},
	{"sends a reserved opcode", "L.8.3",
		func(c net.Conn) { gone(c); _, _ = c.Write([]byte("\x83\x00")); swallow(c) }, failed, failed,
		"The opcode (frame-opcode)"},
	{"sends text that is not UTF-8", "L.8.3",
		func(c net.Conn) { gone(c); _, _ = c.Write([]byte("\x81\x01\xff")); swallow(c) }, failed, failed,
		"is text data encoded as UTF-8"},
	{"answers a ping with other data", "L.4.7",
		func(c net.Conn) {
			_, _ = c.Read(make([]byte, 256))
			_, _ = c.Write([]byte("\x8a\x01x"))
			fair(c)
		}, failed, ok, "must have identical"},
	{"returns a truncated reason", "R.9.4", fair, failed, failed, "When an endpoint is to interpret"},
	{"drops TCP for 1006", "R.11.9", func(net.Conn) {}, info, ok, ""},
	{"drops TCP for 1001", "R.11.1", func(net.Conn) {}, failed, failed,
		"To _Start the WebSocket Closing"},
	{"hangs", "L.4.11", swallow, failed, report.Unclean, "If an endpoint receives a Close"},
	{"closes with 1003", "L.5.1", closer("\x03\xeb"), info, ok, ""},
	{"closes with 1000", "L.5.6", closer("\x03\xe8"), info, ok, ""},
	{"accepts unmasked frames", "L.5.1", fair, failed, ok, "The server MUST close"},
	{"answers with 1002", "L.4.7", answeringClose(codeProtocolError), ok, info, ""},
	{"answers pings twice", "L.4.7", answeringTwice(wire.OpPing, wire.OpPong), ok, ok, ""},
	{"answers twice", "L.8.3", answeringTwice(wire.OpText, wire.OpText), failed, ok,
		"Incoming data MUST be parsed"},
	{"closes with 1003", "L.9.2", closer("\x03\xeb"), info, ok, ""},
	{"accepts continuations without a message", "L.9.3", skipping(wire.OpContinuation), failed, ok,
		"Incoming data MUST always be validated"},
	{"drops the mark", "L.8.1", withoutMark, info, ok, ""},
	{"drops the mark", "L.8.3", withoutMark, ok, ok, ""},
	{"closes with 1013", "R.1.1", closer("\x03\xf5"), ok, ok, ""},
	{"drops TCP", "R.1.5", gone, ok, ok, ""},
	{"limits pings", "R.5.3", closer("\x03\xf0"), info, ok, ""},
	{"gives up", "R.4.4", gone, info, info, ""},
	{"claims a violation", "R.4.4", closer("\x03\xea"), failed, failed, "Incoming data MUST be parsed"},
	{"keeps the connection", "R.7.1", holdingOn, info, ok, ""},
}

func TestScriptVerdictsOnServers(t *testing.T) {
	t.Parallel()
	for _, tt := range scriptServers {
		t.Run(tt.id+" "+tt.what, func(t *testing.T) {
			t.Parallel()
			o := (&Options{HandshakeTimeout: 2 * time.Second, CloseTimeout: 300 * time.Millisecond,
				ClosePath: testee.ClosePath}).withDefaults()
			r := settled(t, tt.behavior, tt.close, func() (*report.Result, error) {
				return serverCase(t.Context(), once(t, tt.server), casesMatching(t, tt.id)[0], o)
			})
			if diff := cmp.Diff(verdicts{tt.behavior, tt.close}, verdictsOf(r)); diff != "" {
				t.Errorf("%s %s (-want +got)\n%s", r.Result, r.ResultClose, diff)
			}
			if rule := r.VerdictRule(); (rule == nil) != (tt.rule == "") ||
				rule != nil && !strings.Contains(rule.Text, tt.rule) {
				t.Errorf("rule %+v, want %q: %s %s", rule, tt.rule, r.Result, r.ResultClose)
			}
		})
	}
	t.Run("another connection that closes badly", func(t *testing.T) {
		t.Parallel()
		tgt, err := parseTarget(serveRaw(t, naive), nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := serverCase(t.Context(), tgt, casesMatching(t, "L.1.1")[0], short.withDefaults())
		if err != nil || r.Behavior != ok || r.BehaviorClose != info {
			t.Errorf("%s, %s: %s %s, error %v", r.Behavior, r.BehaviorClose, r.Result, r.ResultClose, err)
		}
	})
	for whole, want := range map[bool]report.Verdict{true: info, false: failed} {
		t.Run(fmt.Sprintf("a limit on all frames %t", whole), func(t *testing.T) {
			t.Parallel()
			tgt, err := parseTarget(serveRaw(t, limiting(whole)), nil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := serverCase(t.Context(), tgt, casesMatching(t, "L.6.6")[0], short.withDefaults())
			if err != nil || r.Behavior != want {
				t.Errorf("%s: %s, error %v", r.Behavior, r.Result, err)
			}
		})
	}
}

// scriptClients are clients, the verdicts on them, and how the sentence of each verdict begins.
var scriptClients = []struct {
	what, id string
	client   func(c net.Conn, r io.Reader)
	verdict  report.Verdict
	says     string
}{
	{"sends another request", "C.2.10", askAgain, report.Informational, "The client refused it."},
	{"sends another request", "C.2.19", askAgain, report.OK,
		"The client refused it, then sent another HTTP request"},
	{"sends another request", "C.2.11", askAgain, report.Failed,
		"Expected a message; got another HTTP request"},
	{"accepts a list", "C.2.10", takeAll, report.OK, "The client accepted it."},
	{"accepts HTTP/1.0", "C.1.10", takeAll, report.Informational, "The client accepted it."},
	{"accepts two values", "C.3.9", takeAll, report.Informational, "The client accepted it."},
	{"accepts 404", "C.1.3", takeAll, report.Failed,
		"The client should have refused the response, but accepted it"},
	{"compresses", "C.5.12", func(c net.Conn, _ io.Reader) {
		_, _ = c.Write(maskedFrame(0xc1, "x"))
		swallow(c)
	}, report.Failed,
		"The client should have refused the response, but accepted it and sent a frame"},
	{"closes with 1007", "C.7.1", func(c net.Conn, _ io.Reader) {
		_, _ = c.Write(maskedFrame(0x88, "\x03\xef"))
		swallow(c)
	}, report.Informational,
		"The peer closed the connection with 1007."},
	{"accepts a line without a colon", "C.2.17", takeAll, report.Informational, "The client accepted it."},
	{"drops TCP", "C.6.2", func(net.Conn, io.Reader) {}, report.Informational,
		"The client dropped TCP."},
	{"drops TCP", "C.6.3", func(net.Conn, io.Reader) {}, report.Failed,
		"Expected a message; got the end of TCP"},
	{"keeps reading", "C.6.10", func(c net.Conn, _ io.Reader) { swallow(c); time.Sleep(4 * time.Second) },
		report.Informational, "The client neither accepted the response nor dropped TCP."},
	{"leaves TCP open", "C.5.24", func(net.Conn, io.Reader) { time.Sleep(3 * time.Second) },
		report.Failed, "The client neither returned the message nor dropped TCP"},
}

func TestScriptVerdictsOnClients(t *testing.T) {
	t.Parallel()
	for _, tt := range scriptClients {
		t.Run(tt.id+" "+tt.what, func(t *testing.T) {
			t.Parallel()
			o := &Options{HandshakeTimeout: 2 * time.Second, CloseTimeout: 300 * time.Millisecond}
			eventually(t, func(complain func(string, ...any)) {
				r := testClient(t, casesMatching(t, tt.id), o, func(_ context.Context, url string) {
					if c, rest := askFor(url); c != nil {
						defer c.Close()
						tt.client(c, io.MultiReader(bytes.NewReader(rest), c))
					}
				})[0]
				if r.Behavior != tt.verdict || !strings.HasPrefix(r.Result, tt.says) {
					complain("%s, %s: %s %s", r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
				}
			})
		})
	}
}

// Clients that accept everything, or do not wait for the response, and the rules that they break.
func TestRulesOfClientVerdicts(t *testing.T) {
	t.Parallel()
	early := func(d time.Duration) func(net.Conn) {
		return func(c net.Conn) { time.Sleep(d); _, _ = c.Write(maskedFrame(0x81, "early")) }
	}
	none := func(net.Conn) {}
	for _, tt := range []struct {
		id, extensions string
		after          func(net.Conn) // called after the request
		rule           string         // words of the rule that the verdict depends on
	}{
		{"C.5.28", "permessage-deflate", none, "such as accepting a PMCE that the client did not offer"},
		{"C.5.5", "permessage-deflate", none,
			"accepting a PMCE extension negotiation offer together with such an extension MUST"},
		{"C.8.10", "permessage-deflate", early(0), "the client MUST wait for a response"},
		{"C.8.10", "permessage-deflate", early(30 * time.Millisecond),
			"the client MUST wait for a response"},
		{"X.5.1", "permessage-deflate;", none, "MUST NOT generate protocol elements"},
		{"C.1.16", "", func(c net.Conn) { c.Close() }, "able to parse one or more 1xx"},
		{"C.12.3", "", func(c net.Conn) { c.Close() }, "as opaque data"},
		{"C.12.4", "", func(c net.Conn) { c.Close() }, "as opaque data"},
	} {
		play := func(_ context.Context, url string) {
			host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
			c, err := net.Dial("tcp", host)
			if err != nil {
				return
			}
			defer c.Close()
			fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: "+
				"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", path, newKey())
			if tt.extensions != "" {
				fmt.Fprintf(c, "Sec-WebSocket-Extensions: %s\r\n", tt.extensions)
			}
			fmt.Fprint(c, "\r\n")
			tt.after(c)
			if _, rest, err := readHead(c, func([]byte) {}); err == nil {
				serveMasked(io.MultiReader(bytes.NewReader(rest), c), c)
			}
		}
		eventually(t, func(complain func(format string, args ...any)) {
			r := testClient(t, casesMatching(t, tt.id), short, play)[0]
			rule := r.VerdictRule()
			if rule == nil || rule.Level == "MUST" != (r.Behavior == report.Failed) ||
				!strings.Contains(rule.Text, tt.rule) {
				complain("%s: %s: %s by %+v", tt.id, r.Behavior, r.Result, rule)
			}
		})
	}
}
