package suite

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// serverVerdicts are servers and the verdicts on them. A name that begins with ... continues the one before.
var serverVerdicts = []struct {
	name    string
	server  badServer
	cases   string
	want    report.Verdict
	carried string // part of the rule that was broken: Result.Broken, or else the rule of the case
}{
	{"an invalid request line, answered by HTTP/0.9", always("<html>No.</html>"),
		"H.1.6,H.1.7,H.1.10", report.NonStrict, "invalid request-line SHOULD"},
	{"... by a redirect", answerStatus("301 Moved Permanently"), "H.1.7", report.OK, ""},
	{"... and accepted", always(plainUpgrade), "H.1.6,H.1.10", report.Failed, "GET request"},
	{"... and accepted as HTTP/0.9", always("HTTP/0.9 101 Switching Protocols\r\n\r\n"), "H.1.6,H.1.10",
		report.Failed, "GET request"},
	{"... whose target has a space", always(plainUpgrade), "H.1.7", report.NonStrict,
		"SHOULD NOT attempt to autocorrect"},
	{"HTTP/1.0 accepted", always(plainUpgrade), "H.1.5", report.Failed, "MUST ignore an Upgrade"},
	{"an absolute target refused", answerStatus("400 Bad Request"), "H.1.8", report.Failed,
		"MUST accept the absolute-form"},
	{"TCP dropped at an invalid handshake", always(""), "H.2.1,H.3.1,H.4.10,H.5.1,H.5.12,H.7.2",
		report.NonStrict, "SHOULD return an appropriate HTTP"},
	{"an ordinary answer to an invalid handshake", answerStatus("200 OK"), "H.2.1,H.3.1",
		report.Informational, "MAY ignore a received Upgrade"},
	{"... where HTTP requires 400", answerStatus("200 OK"), "H.5.1,H.5.7", report.Failed, "MUST re"},
	{"500 for an invalid handshake", answerStatus("500 Internal Server Error"), "H.2.1",
		report.Informational, ""},
	{"... for an unsupported version", answerStatus("500 Internal Server Error"), "H.2.4",
		report.Failed, "|Sec-WebSocket-Version| header field indicating"},
	{"... for a body", answerStatus("500 Internal Server Error"), "H.5.16,H.5.17", report.Informational, ""},
	{"... for a folded field", answerStatus("500 Internal Server Error"), "H.5.10", report.Failed,
		"MUST either reject"},
	{"a folded field, or a body, answered as plain HTTP", answerStatus("200 OK"),
		"H.5.10,H.5.16,H.5.17", report.Informational, "MAY ignore a received Upgrade"},
	{"version 14 accepted", always(plainUpgrade), "H.2.13", report.Failed,
		"does not match a version understood"},
	{"... refused without 426", answerStatus("200 OK"), "H.2.13", report.OK, ""},
	{"426 without an Upgrade field", answerStatus("426 Upgrade Required"), "H.2.13", report.Failed,
		"MUST send an Upgrade header field"},
	{"a valid request refused", answerStatus("403 Forbidden"), "H.8.1,H.8.2,H.8.6,H.8.10", report.Failed,
		"MUST complete the following steps"},
	{"a request in many pieces, TCP dropped", guarded(10), "H.6.2,H.6.3", report.NonStrict,
		"SHOULD return an appropriate HTTP"},
	{"... or in two", guarded(1), "H.6.2,H.6.11", report.Failed, "MUST complete the following steps"},
	{"bytes after the request treated as another request", always(plainUpgrade + "HTTP/1.1 200 OK\r\n\r\n"),
		"H.9.1,H.9.2", report.Failed, "MUST be parsed as WebSocket frames"},
	{"a field of 4 KiB refused", picky("431 Request Header Fields Too Large",
		func(v string) bool { return len(v) < 2000 }), "H.9.3,H.9.4", report.OK, ""},
	{"bytes that are not ASCII refused",
		picky("400 Bad Request", func(v string) bool { return !strings.Contains(v, "\x81") }),
		"H.9.3,H.9.4", report.NonStrict, "as opaque data"},
	{"a status of four digits", always("HTTP/1.1 1012 Odd\r\n\r\n"), "H.2.1,H.6.1", report.Failed,
		"MUST NOT generate protocol elements"},
	{"keys that need not be decoded", always(plainUpgrade), "H.3.3,H.3.4,H.3.5,H.3.6,H.3.7,H.3.10",
		report.Informational, "not necessary"},
	{"two keys", always(plainUpgrade), "H.3.8,H.3.9", report.Informational, "MAY attempt to recover"},
	{"two versions", always(plainUpgrade), "H.2.11", report.Failed, "combined field value"},
	{"the same version twice", always(plainUpgrade), "H.2.12", report.Informational,
		"MAY attempt to recover"},
	{"Upgrade ignored, a list", answerStatus("200 OK"), "H.4.9", report.Informational,
		"MAY ignore a received Upgrade"},
	{"an unknown field refused", answerStatus("400 Bad Request"), "H.5.3", report.NonStrict,
		"SHOULD ignore unrecognized"},
	{"an invalid field accepted", always(plainUpgrade), "H.5.8,H.5.9", report.NonStrict,
		"SHOULD respond with a 400"},
	{"fields of 8 MiB, TCP dropped", always(""), "H.5.20", report.Informational, "drop connections"},
	{"a body treated as frames", always(plainUpgrade), "H.5.16", report.Failed,
		"defines the expected message body length"},
	{"a chunked body treated as frames", always(plainUpgrade), "H.5.17,H.5.21", report.Failed,
		"decode the chunked"},
	{"two Connection fields refused", answerStatus("400 Bad Request"), "H.4.5", report.Failed,
		"combined field value"},
	{"a subprotocol that is not a token", always("{accept}Sec-WebSocket-Protocol: a b/c\r\n\r\n"),
		"H.7.9", report.Failed, "grammar"},
	{"a subprotocol that was not offered", always("{accept}Sec-WebSocket-Protocol: x\r\n\r\n"),
		"H.7.2,H.6.1", report.Failed, "selecting one of the values"},
	{"RSV1 without an extension", always(plainUpgrade), "X.5.15,X.5.17", report.Failed,
		"nonzero value"},
	{"empty list elements refused", answerStatus("400 Bad Request"), "H.4.6,X.1.19", report.Failed,
		"empty list elements"},
	{"an early ping answered before the handshake", always("\x8a\x05early{accept}\r\n"), "H.6.13",
		report.Informational, ""},
	{"an early ping lost", always(plainUpgrade), "H.6.13", report.OK, ""},
	{"TCP dropped at an early ping", always(""), "H.6.13", report.Informational, ""},
	{"HTTP/1.0 in the response", answerHTTP10(), "H.8.1", report.NonStrict,
		"SHOULD send a response version"},
	{"... reported once", answerHTTP10(), "H.6.1,H.8.4,H.8.10", report.OK, ""},
	{"Connection in two fields", always("{accept}Connection: x-other\r\n\r\n"), "H.8.3", report.OK, ""},
	{"an empty Sec-WebSocket-Extensions", always("{accept}Sec-WebSocket-Extensions:\r\n\r\n"),
		"H.8.5,H.6.1,X.1.1", report.Failed, "MUST NOT generate protocol elements"},
	{"an extension that was not offered", always("{accept}Sec-WebSocket-Extensions: x\r\n\r\n"),
		"H.8.5,H.6.1,X.4.13", report.Failed, "not listed by the client"},
	{"a wrong Sec-WebSocket-Accept", always(upgrade + "x\r\n\r\n"), "H.6.1,H.8.4,H.7.2", report.Failed,
		"taking the SHA-1 hash"},
	{"a folded field", always("{accept}X: a,\r\n b\r\n\r\n"), "H.8.10", report.Failed,
		"MUST NOT generate"},

	{"a larger client_max_window_bits than the hint",
		extended(extensionName + "; client_max_window_bits=15"),
		"X.1.3", report.Informational, "may either ignore this value"},
	{"... or none", extended(extensionName), "X.1.3", report.OK, ""},
	{"... which was not offered", extended(extensionName + "; client_max_window_bits=15"), "X.1.1",
		report.Failed,
		"MUST NOT include"},
	{"server_max_window_bits left out", extended(extensionName), "X.1.6", report.Failed,
		"same or smaller value"},
	{"a valid offer refused by one that accepts another", choosy(extensionName), "X.1.6,X.4.1",
		report.Informational, ""},
	{"... with TCP dropped", abrupt(extensionName), "X.1.6,X.4.1", report.NonStrict,
		"SHOULD return an appropriate HTTP"},
	{"every offer refused", answerStatus("500 Internal Server Error"), "X.1.1,X.1.6", report.Failed,
		"would like to speak"},
	{"server_max_window_bits=15 left out", extended(extensionName), "X.1.8", report.Informational, ""},
	{"a value with a leading zero", extended(extensionName + "; server_max_window_bits=09"), "X.1.7,X.1.1",
		report.Failed, "MUST be chosen in accordance"},
	{"a value with a sign", extended(extensionName + "; server_max_window_bits=+9"), "X.1.7", report.Failed,
		"MUST be chosen in accordance"},
	{"a value with a leading zero, in the offer", extended(extensionName), "X.2.11,X.2.12,X.2.16",
		report.Failed,
		"MUST decline"},
	{"two fields of extensions", extended(extensionName + "\r\nSec-WebSocket-Extensions: " + extensionName),
		"X.1.1",
		report.Failed, "more than once in an HTTP response"},
	{"permessage-deflate twice", extended(extensionName + ", " + extensionName), "X.1.1", report.Failed,
		"RSV1"},
	{"offers of the same bit refused", answerStatus("400 Bad Request"), "X.9.1,X.9.4", report.Informational,
		""},
	{"... accepted, all", mirrored(), "X.9.1,X.9.3", report.Failed, "RSV1"},
	{"... answered by another extension", extended("perframe-deflate"), "X.9.1", report.Failed,
		"not listed by the client"},
	{"... with an invalid window", extended(extensionName + "; server_max_window_bits=7"),
		"X.9.1",
		report.Failed, "MUST be chosen in accordance"},
	{"an extension accepted by its own name", mirrored(), "X.2.39,X.2.45,X.2.46,X.2.47,X.2.48",
		report.Informational, ""},
	{"an extension accepted by another name", extended(extensionName), "X.2.39,X.2.46", report.Failed,
		"not listed by the client"},
	{"a request refused because of an invalid offer", answerStatus("400 Bad Request"), "X.2.1",
		report.Informational, ""},
	{"a valid offer refused", answerStatus("400 Bad Request"), "X.1.1,X.1.13,X.4.12", report.Failed,
		"with a list of values indicating which extensions"},
	{"a valid offer next to an invalid one refused", answerStatus("500 Internal Server Error"),
		"X.1.14,X.1.15,X.1.16,X.1.12", report.Informational, ""},
	{"malformed extensions, ignored by a server without extensions", always(plainUpgrade),
		"X.3.1,X.3.3,X.3.9,X.3.10",
		report.Informational, ""},
	{"malformed extensions ignored", negotiating(), "X.3.3,X.3.9,X.3.10", report.Failed,
		"MUST immediately"},
	{"malformed extensions, TCP dropped", always(""), "X.3.3", report.OK, ""},
}

func TestServerVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range serverVerdicts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target := listen(t, tt.server)
			for _, c := range casesMatching(t, strings.Split(tt.cases, ",")...) {
				cut := cutTime / 2
				r := settled(t, tt.want, "", func() (*report.Result, error) {
					cut = min(2*cut, cutTime<<6) // as in testCaught
					return serverCase(t.Context(), target, c, (&Options{cut: cut}).withDefaults())
				})
				carried := r.Rule
				if r.Broken != nil {
					carried = r.Broken
				}
				if r.Behavior != tt.want || !strings.Contains(carried.Text, tt.carried) {
					t.Errorf("%s: %s by %q: %s", c.ID, r.Behavior, carried.Text, r.Result)
				}
				if why := levelWrong(*carried); why != "" {
					t.Errorf("%s: the rule %s: %+v", c.ID, why, carried)
				}
				if rule := r.VerdictRule(); rule != nil && (rule.Level == "MAY" || rule.Level == "") {
					t.Errorf("%s: %s depends on a rule of level %q", c.ID, r.Behavior, rule.Level)
				}
			}
		})
	}
}

// The verdict on invalid compressed data depends on the rule that was broken.
func TestRulesOfCompression(t *testing.T) {
	for _, tt := range []struct {
		defect  string
		clients bool
		id, has string
	}{
		{"deflate-window-exceeded", false, "X.4.3", "the server MUST NOT use an LZ77 sliding window longer"},
		{"deflate-window-exceeded", true, "X.4.3", "the client MUST NOT use an LZ77 sliding window longer"},
		{"deflate-reset-out-forgotten", false, "X.4.10",
			"the server MUST start compressing each new message with an empty"},
		{"deflate-not-deflated", false, "X.4.17", "MUST use the following algorithm to send"},
		{"deflate-last-block-ends", false, "X.6.11", "MUST use the following algorithm to receive"},
		{"deflate-window-lost", false, "X.4.14", "MUST decompress each new message"},
	} {
		var r *report.Result
		for range attempts { // the machine may be busy
			if r = playBroken(t, tt.defect, tt.clients,
				casesMatching(t, tt.id), short)[0]; r.Behavior == report.Failed {
				break
			}
		}
		if rule := r.VerdictRule(); r.Behavior != report.Failed || !strings.Contains(rule.Text, tt.has) {
			t.Errorf("%s, %s: %s: %s by %+v", tt.defect, tt.id, r.Behavior, r.Result, rule)
		}
	}
}

// No RFC names the code for data that does not inflate, or says whether a window survives a final block.
func TestInflateVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server   badServer
		id       string
		behavior report.Verdict
		end      report.Verdict
	}{
		{refusesAfter(0, 1002), "X.7.1", report.OK, report.OK},
		{refusesAfter(0, 1003), "X.7.3", report.OK, report.OK},
		{refusesAfter(0, 1007), "X.7.4", report.OK, report.OK},
		{refusesAfter(0, 1008), "X.7.12", report.OK, report.OK},
		{refusesAfter(0, 1011), "X.7.2", report.OK, report.OK},
		{refusesAfter(0, 1000), "X.7.1", report.OK, report.WrongCode},
		{refusesAfter(0, 1009), "X.7.12", report.OK, report.WrongCode},
		{refusesAfter(0, 1002), "X.7.9", report.OK, report.WrongCode},
		{extended("permessage-deflate"), "X.6.12", report.OK, report.OK},
		{refusesAfter(1, 1007), "X.6.12", report.Informational, report.OK},
		{refusesAfter(1, 1000), "X.6.12", report.Informational, report.WrongCode},
		{refusesAfter(0, 1008), "X.8.1", report.OK, report.OK},
		{refusesAfter(0, 1007), "X.8.1", report.OK, report.WrongCode},
		{neverDone, "X.8.1", report.Informational, report.OK},
	} {
		target := listen(t, tt.server)
		r := settled(t, tt.behavior, tt.end, func() (*report.Result, error) {
			return serverCase(t.Context(), target, casesMatching(t, tt.id)[0], (&Options{}).withDefaults())
		})
		if diff := cmp.Diff(verdicts{tt.behavior, tt.end}, verdictsOf(r)); diff != "" {
			t.Errorf("%s: %s %s (-want +got)\n%s", tt.id, r.Result, r.ResultClose, diff)
		}
	}
}

// A response without a status line is not reported as a missing response.
func TestResponseWithoutHead(t *testing.T) {
	for id, want := range map[string]string{"H.1.7": "without a status line",
		"H.2.1": "does not begin with a status line",
		"H.6.1": "does not begin with a status line"} {
		r, err := serverCase(t.Context(), listen(t, always("<html>No.</html>")), casesMatching(t, id)[0],
			(&Options{}).withDefaults())
		if err != nil || !strings.Contains(r.Result, want) || !strings.Contains(r.Result, "<html>") {
			t.Errorf("%s: %v, error %v", id, r.Result, err)
		}
	}
}

// The suite keeps to the hint in its offer, whatever the server answers.
func TestHintIsKept(t *testing.T) {
	for _, answer := range []string{"permessage-deflate", "permessage-deflate; client_max_window_bits=15",
		"permessage-deflate; client_max_window_bits=10"} {
		s := newScript(t.Context(), casesMatching(t, "X.4.15")[0], (&Options{}).withDefaults(),
			listen(t, extended(answer)))
		conn, err := s.t.dial(t.Context(), s.o.HandshakeTimeout)
		if err != nil {
			t.Fatal(err)
		}
		s.play(conn, func(s *script) { s.openDeflate(side{ourBits: 9}) })
		if s.agreed.ClientBits != 9 {
			t.Errorf("%s: the window has %d bits", answer, s.agreed.ClientBits)
		}
	}
}

// An absolute target has the scheme of the connection.
func TestSchemeOfTarget(t *testing.T) {
	for url, want := range map[string]string{"ws://h/": "GET http://h/ ", "wss://h/": "GET https://h/ "} {
		tgt, err := parseTarget(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := newScript(t.Context(), casesMatching(t, "H.1.8")[0], (&Options{}).withDefaults(), tgt)
		raw := string(s.compose(first("GET {scheme}://{host}{path} HTTP/1.1")))
		if !strings.HasPrefix(raw, want) {
			t.Errorf("%s: %q", url, raw)
		}
	}
}

func TestWindowBits(t *testing.T) {
	for value, want := range map[string]bool{
		"8": true, "9": true, "10": true, "15": true, "7": false, "16": false, "": false,
		"09": false, "010": false, "+9": false, "-9": false, "9 ": false, "0x9": false,
	} {
		if _, ok := windowBits(value); ok != want {
			t.Errorf("%q: %v", value, ok)
		}
	}
	loose := asOriginal(wire.ExtensionSpec{Name: extensionName,
		Params: []wire.Param{{Name: "server_max_window_bits", Value: "+9"}}})
	if d, err := parseDeflate(loose, true); err != nil || d.ServerBits != 9 {
		t.Errorf("as Autobahn reads it: %+v, %v", d, err)
	}
}

// A client may fail the connection because it does not support the negotiated parameters, but not for
// another reason.
func TestClientWithoutWindows(t *testing.T) {
	client := func(ctx context.Context, url string) {
		host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
		c, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		defer c.Close()
		defer context.AfterFunc(ctx, func() { c.Close() })()
		_, _ = io.WriteString(c, "GET /"+path+" HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: "+
			"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "+
			"AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Extensions: permessage-deflate; "+
			"client_max_window_bits\r\n\r\n")
		_, _, _ = readHead(c, func([]byte) {})
	}
	for id, want := range map[string]report.Verdict{"X.4.1": report.Unimplemented, "X.4.13": report.Failed} {
		if r := testClient(t, casesMatching(t, id), short, client)[0]; r.Behavior != want ||
			want == report.Unimplemented && r.BehaviorClose != report.OK {
			t.Errorf("%s: %s, %s: %s", id, r.Behavior, r.BehaviorClose, r.Result)
		}
	}
}

// No matter what a server does, FAILED depends on a MUST, and NON-STRICT on a SHOULD.
func TestVerdictsHaveRules(t *testing.T) {
	t.Parallel()
	o := (&Options{HandshakeTimeout: time.Second, CloseTimeout: 100 * time.Millisecond}).withDefaults()
	var wg sync.WaitGroup
	free := make(chan struct{}, 64) // they wait more than they work
	for _, server := range []badServer{
		always(""), always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		always("HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n"),
		always("HTTP/1.1 400"), always("No.\r\n\r\n"), always("{accept}\r\n"),
		extended("permessage-deflate; client_max_window_bits=15"),
		mirrored(), refusesAfter(0, 1000), refusesAfter(1, 1002), refusesAfter(0, 1007), acceptAll,
	} {
		target := listen(t, server)
		for _, c := range casesMatching(t, "H.*", "X.*") {
			if !c.Servers || c.Idle {
				continue
			}
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				if r, err := serverCase(t.Context(), target, c, o); err == nil {
					checkRule(t, r)
				}
			})
		}
	}
	wg.Wait()
}

// The verdict on a refusal that does not name version 13 quotes the response.
func TestVersionNotNamed(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{"": "has no Sec-WebSocket-Version field. It",
		"Sec-WebSocket-Version: 8\r\n": `has Sec-WebSocket-Version ["8"]. It`} {
		target := listen(t, always("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"+field+"\r\n"))
		r, err := serverCase(t.Context(), target, casesMatching(t, "H.2.4")[0], (&Options{}).withDefaults())
		if err != nil || !strings.Contains(r.Result, want) {
			t.Errorf("%q, %v: no %q", r.Result, err, want)
		}
	}
}

// No RFC says how soon a server has to answer a very large request.
func TestLargeRequestMayTakeLong(t *testing.T) {
	t.Parallel()
	target, err := parseTarget(serveRaw(t, swallow), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := (&Options{HandshakeTimeout: 500 * time.Millisecond}).withDefaults()
	r, err := serverCase(t.Context(), target, casesMatching(t, "H.5.20")[0], o)
	if err != nil || r.Behavior != report.Informational {
		t.Errorf("%s: %s, error %v", r.Behavior, r.Result, err)
	}
}
