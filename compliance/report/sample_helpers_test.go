package report

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// A sampleCase is a case with the verdicts on three agents, such as "ok", or "fail/unclean" for
// behavior and closing. "-" means that the case did not run.
type sampleCase struct {
	id, description, expectation, agents string
	make                                 func(r *Result)
}

var sampleAgents = []string{"hawser/0.1 (Go 1.26)", "gorilla echo with its own UTF-8 check",
	"legacy-server 0.9"}

var words = map[string]Verdict{"ok": OK, "info": Informational, "lax": NonStrict, "none": Unimplemented,
	"fail":    Failed,
	"unclean": Unclean, "code": WrongCode, "open": FailedByClient}

const (
	sampleRequest = "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:9001\r\nUser-Agent: wscheck/0.1.0\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: 2EvESWYefG6qTDWiNw91hw==\r\n" +
		"Sec-WebSocket-Version: 13\r\n\r\n"
	sampleResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: 4ldzH+2VYNQi7pQN5rZM9NGcfVw=\r\n\r\n"
)

func sampleReport() []*Result {
	var out []*Result
	for n, c := range sampleCases {
		for i, word := range strings.Fields(c.agents) {
			if word == "-" {
				continue
			}
			behavior, closing, _ := strings.Cut(word, "/")
			r := &Result{Agent: sampleAgents[i], ID: c.id, Case: n + 1,
				Description: c.description, Expectation: c.expectation,
				Started:  time.Date(2026, 11, 21, 15, 39, 14+n, 936e6, time.UTC),
				Duration: time.Duration(2+7*n%13+i) * time.Millisecond,
				Behavior: words[behavior], BehaviorClose: words[closing],
				CreateStats: true, CreateWirelog: true,
				HTTPRequest: sampleRequest, HTTPResponse: sampleResponse,
				Rule: &Rule{"RFC 6455, section 5.4", rfc6455 + "5.4", "MUST",
					"An endpoint MUST be capable of handling control frames in the middle of a " +
						"fragmented message."},
			}
			if r.BehaviorClose == "" {
				r.BehaviorClose = OK
			}
			if c.make != nil {
				c.make(r)
			}
			finish(r)
			out = append(out, r)
		}
	}
	return out
}

// finish sets the fields that depend on others.
func finish(r *Result) {
	r.Result = map[Verdict]string{OK: "The peer responded as expected.",
		Failed:        "The peer did not respond as expected.",
		NonStrict:     "The peer responded less strictly than expected.",
		Informational: "The peer answered before it closed.",
		Unimplemented: "The peer declined the extension."}[r.Behavior]
	r.ResultClose = map[Verdict]string{OK: "The connection was closed as expected.",
		Unclean:        "The closing handshake was not completed.",
		WrongCode:      "The close frame must have status code 1002 or none.",
		FailedByClient: "The server did not drop the TCP connection.",
		Failed:         "The wrong side closed the connection."}[r.BehaviorClose]
	if r.ExpectedClose == nil {
		r.ExpectedClose = &ExpectedClose{ClosedByMe: true, CloseCode: []int{1000}, RequireClean: true}
	}
	r.ClosedByMe = r.ExpectedClose.ClosedByMe != (r.BehaviorClose == Failed)
	r.WasClean = r.BehaviorClose != Unclean && r.BehaviorClose != Failed
	if !r.WasClean {
		r.WasNotCleanReason = "the peer dropped the TCP connection without a close frame"
	}
	r.LocalCloseCode = 1000
	if r.WasClean && r.RemoteCloseCode == 0 {
		r.RemoteCloseCode = r.ExpectedClose.CloseCode[0]
		if r.BehaviorClose == WrongCode {
			r.RemoteCloseCode = 1011
		}
	}
	r.DroppedByMe = r.BehaviorClose == FailedByClient
	frames(r, TxFrame, 8, binary.BigEndian.AppendUint16(nil, 1000))
	if r.RemoteCloseCode != 0 {
		frames(r, RxFrame, 8, binary.BigEndian.AppendUint16(nil, uint16(r.RemoteCloseCode)))
	}
	if r.TxOctetStats == nil {
		r.TxOctetStats, r.RxOctetStats = map[int]int{8: 1, 15: 7, 243: 1},
			map[int]int{4: 1, 11: 1, 58: 1, 129: 1}
		r.TxFrameStats, r.RxFrameStats = map[int]int{0: 4, 1: 1, 8: 1, 9: 2}, map[int]int{1: 1, 8: 1, 10: 2}
	}
}

// frames adds a frame and its bytes to the log.
func frames(r *Result, kind LogKind, opcode int, payload []byte) {
	raw := append([]byte{0x80 | byte(opcode), byte(len(payload))}, payload...)
	f := LogEntry{Kind: kind, Size: len(payload), Text: Text(payload), Opcode: opcode, Fin: true}
	if kind == TxFrame {
		f.Mask = "97a62c66"
		r.Wirelog = append(r.Wirelog, f,
			LogEntry{Kind: TxBytes, Size: len(raw) + 4, Text: Hex(append(raw, 1, 2, 3, 4))})
		return
	}
	r.Wirelog = append(r.Wirelog, LogEntry{Kind: RxBytes, Size: len(raw), Text: Hex(raw)}, f)
}

func handshakeLog(r *Result) {
	r.Wirelog = append(r.Wirelog,
		LogEntry{Kind: TxBytes, Size: len(r.HTTPRequest), Text: Hex([]byte(r.HTTPRequest))},
		LogEntry{Kind: RxBytes, Size: len(r.HTTPResponse), Text: Hex([]byte(r.HTTPResponse))})
}

// echoes makes a case that sends a message and expects it back.
func echoes(text string) func(*Result) {
	return func(r *Result) {
		handshakeLog(r)
		frames(r, TxFrame, 1, []byte(text))
		r.Expected = map[Verdict][]Event{OK: {Message([]byte(text), false)}}
		if r.Behavior == OK {
			frames(r, RxFrame, 1, []byte(text))
			r.Received = []Event{Message([]byte(text), false)}
		}
	}
}

// refused makes a case with a violation that the agent must refuse.
func refused(code int, rule *Rule, offense *Offense) func(*Result) {
	return func(r *Result) {
		handshakeLog(r)
		r.Rule, r.Offense = rule, offense
		r.Expected = map[Verdict][]Event{OK: {Timeout("A")}, NonStrict: {Timeout("A"), Timeout("B")}}
		r.Received = map[Verdict][]Event{OK: {Timeout("A")}, NonStrict: {Timeout("A"), Timeout("B")},
			Failed: {Timeout("A"), Message(offense.Octets, false)}}[r.Behavior]
		r.ExpectedClose = &ExpectedClose{CloseCode: []int{code}, WrongEndpointIsFatal: true}
		r.Wirelog = append(r.Wirelog, LogEntry{Kind: TxBytes, Size: len(offense.Octets),
			Text: Hex(offense.Octets), Sync: true},
			LogEntry{Kind: Delay, Seconds: 1, Tag: "A"}, LogEntry{Kind: DelayOver, Tag: "A"},
			LogEntry{Kind: KillAfter, Seconds: 1})
	}
}

func fragments(r *Result) {
	handshakeLog(r)
	r.Expected = map[Verdict][]Event{OK: {Pong([]byte("pongme 1!")), Pong([]byte("pongme 2!")),
		Message([]byte("fragment1fragment2fragment3fragment4fragment5"), false)}}
	r.Received = r.Expected[OK]
	if r.Behavior != OK {
		r.Received = []Event{Pong([]byte("pongme 2!")), r.Expected[OK][2]}
	}
	r.Duration += time.Second
	for i := range 5 {
		r.Wirelog = append(r.Wirelog, LogEntry{Kind: TxFrame, Size: 9, Text: fmt.Sprintf("fragment%d", i+1),
			Opcode: min(1, 1-min(i, 1)), Fin: i == 4, Mask: "d348eb9e", Sync: true})
	}
	r.Wirelog = append(r.Wirelog, LogEntry{Kind: Delay, Seconds: 1}, LogEntry{Kind: DelayOver},
		LogEntry{Kind: CloseAfter, Seconds: 1})
	for _, e := range r.Received {
		frames(r, RxFrame, 10, []byte(e.Data))
	}
}

// compresses makes a case of groups 12 and 13.
func compresses(r *Result) {
	handshakeLog(r)
	r.ReportTime, r.ReportCompressionRatio, r.Quick = true, true, true
	r.Duration *= 40
	r.Expected = map[Verdict][]Event{}
	if r.Behavior == Unimplemented {
		return
	}
	r.Traffic = &Traffic{256027, 23088, 25106, 1000, 1000, 256027, 159140, 167118, 1000, 1000, 257, 341}
	r.RxOctetStats, r.TxOctetStats = map[int]int{}, map[int]int{}
	for i := range 60 {
		r.RxOctetStats[7+i] = 1 + i*i%37
		r.TxOctetStats[128+i] = 1 + i*(60-i)/20
	}
	r.RxFrameStats, r.TxFrameStats = map[int]int{1: 1000, 8: 1}, map[int]int{1: 1000, 8: 1}
	r.Wirelog = append(r.Wirelog, LogEntry{Kind: WirelogMode}, LogEntry{Kind: CloseAfter, Seconds: 120},
		LogEntry{Kind: WirelogMode, On: true})
}

func timed(r *Result) {
	echoes(strings.Repeat("*", 500))(r)
	r.ReportTime, r.Duration = true, r.Duration*31
}

// large returns results like those of a full run, with 517 numbered cases and the letter groups.
func large(agents ...string) []*Result {
	sizes := []struct {
		prefix string
		n      int
	}{{"1.1", 8}, {"1.2", 8}, {"2", 11}, {"3", 7}, {"4.1", 5}, {"4.2", 5}, {"5", 20}, {"6.1", 3}, {"6.2", 4},
		{"6.3", 2},
		{"6.4", 4}, {"6.5", 5}, {"6.6", 11}, {"6.7", 4}, {"6.8", 2}, {"6.9", 4}, {"6.10", 3}, {"6.11", 5},
		{"6.12", 8},
		{"6.13", 5}, {"6.14", 10}, {"6.15", 1}, {"6.16", 3}, {"6.17", 5}, {"6.18", 5}, {"6.19", 5},
		{"6.20", 7}, {"6.21", 8},
		{"6.22", 34}, {"6.23", 7}, {"7.1", 6}, {"7.3", 6}, {"7.5", 1}, {"7.7", 13}, {"7.9", 9}, {"7.13", 2},
		{"9.1", 6},
		{"9.2", 6}, {"9.3", 9}, {"9.4", 9}, {"9.5", 6}, {"9.6", 6}, {"9.7", 6}, {"9.8", 6}, {"10.1", 1},
		{"12.1", 18},
		{"12.2", 18}, {"12.3", 18}, {"12.4", 18}, {"12.5", 18}, {"13.1", 18}, {"13.2", 18}, {"13.3", 18},
		{"13.4", 18},
		{"13.5", 18}, {"13.6", 18}, {"13.7", 18}, {"H.1", 20}, {"H.2", 25}, {"L", 14}, {"X", 30}, {"R", 9},
		{"C", 16}}
	models := sampleReport()
	var out []*Result
	for _, agent := range agents {
		k := 0
		for _, s := range sizes {
			for i := range s.n {
				var r Result
				for k++; ; k++ {
					if m := models[k%len(models)]; m.Agent == agent {
						r = *m
						break
					}
				}
				if h := k * 7919 % 100; h > 30 || agent != sampleAgents[2] && h > 4 {
					r.Behavior, r.BehaviorClose = OK, OK
				}
				r.ID = fmt.Sprintf("%s.%d", s.prefix, i+1)
				out = append(out, &r)
			}
		}
	}
	return out
}
