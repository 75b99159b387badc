package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// started is the format of Result.Started, in UTC.
const started = "2006-01-02T15:04:05.000Z"

// MarshalJSON encodes the result with the keys of the original suite, in their order. An absent
// value is null, an empty object or an empty array, as in the original.
func (r *Result) MarshalJSON() ([]byte, error) {
	m := map[string]any{
		"agent": r.Agent, "id": r.ID, "case": r.Case,
		"description": r.Description, "expectation": r.Expectation,
		"started": nil, "duration": r.Duration.Round(time.Millisecond).Milliseconds(),
		"behavior": r.Behavior, "behaviorClose": r.BehaviorClose,
		"expected": nonNilEvents(r.Expected), "received": nonNil(r.Received),
		"result": r.Result, "resultClose": r.ResultClose,
		"expectedClose": struct{}{},
		"isServer":      r.IsServer,
		"httpRequest":   r.HTTPRequest, "httpResponse": r.HTTPResponse,
		"reportTime": r.ReportTime, "reportCompressionRatio": r.ReportCompressionRatio,
		"trafficStats":  nil,
		"createStats":   r.CreateStats,
		"rxOctetStats":  counts(r.RxOctetStats),
		"txOctetStats":  counts(r.TxOctetStats),
		"rxFrameStats":  counts(r.RxFrameStats),
		"txFrameStats":  counts(r.TxFrameStats),
		"createWirelog": r.CreateWirelog,
		"wirelog":       nonNil(r.Wirelog),
	}
	r.Close.addTo(m)
	if !r.Started.IsZero() {
		m["started"] = r.Started.UTC().Format(started)
	}
	if r.ExpectedClose != nil {
		m["expectedClose"] = r.ExpectedClose.object()
	}
	if r.Traffic != nil {
		m["trafficStats"] = r.Traffic.object()
	}
	if r.Rule != nil {
		m["rule"] = r.Rule
	}
	if r.Offense != nil {
		m["offense"] = r.Offense
	}
	if r.Broken != nil {
		m["broken"] = r.Broken
	}
	if r.Aside != nil {
		m["aside"] = r.Aside
	}
	if r.Quick {
		m["quick"] = true
	}
	if r.Waited {
		m["waited"] = true
	}
	if r.Late {
		m["late"] = true
	}
	if len(r.Earlier) > 0 {
		m["earlier"] = r.Earlier
	}
	return marshal(m)
}

// addTo adds the keys of a close to those of the result.
func (c *Close) addTo(m map[string]any) {
	m["closedByMe"] = c.ClosedByMe
	m["failedByMe"] = c.FailedByMe
	m["droppedByMe"] = c.DroppedByMe
	m["wasClean"] = c.WasClean
	m["wasNotCleanReason"] = orNull(c.WasNotCleanReason)
	m["wasServerConnectionDropTimeout"] = c.WasServerConnectionDropTimeout
	m["wasOpenHandshakeTimeout"] = c.WasOpenHandshakeTimeout
	m["wasCloseHandshakeTimeout"] = c.WasCloseHandshakeTimeout
	m["localCloseCode"] = codeOrNull(c.LocalCloseCode, c.LocalCloseZero)
	m["localCloseReason"] = orNull(c.LocalCloseReason)
	m["remoteCloseCode"] = codeOrNull(c.RemoteCloseCode, c.RemoteCloseZero)
	m["remoteCloseReason"] = orNull(c.RemoteCloseReason)
}

func (e *ExpectedClose) object() map[string]any {
	m := map[string]any{
		"closedByMe": e.ClosedByMe, "closeCode": nonNil(e.CloseCode), "requireClean": e.RequireClean,
	}
	if e.WrongEndpointIsFatal {
		m["closedByWrongEndpointIsFatal"] = true
	}
	return m
}

// IncomingRatio returns the compressed size of received messages as a fraction of their size
// before compression. ok is false if no data was received.
func (t *Traffic) IncomingRatio() (ratio float64, ok bool) {
	return divide(t.IncomingOctetsWebSocketLevel, t.IncomingOctetsAppLevel)
}

// OutgoingRatio is like IncomingRatio, for sent messages.
func (t *Traffic) OutgoingRatio() (ratio float64, ok bool) {
	return divide(t.OutgoingOctetsWebSocketLevel, t.OutgoingOctetsAppLevel)
}

// IncomingOverhead returns the size of the headers of received frames as a fraction of the size
// of their payloads. ok is false if they had no payload.
func (t *Traffic) IncomingOverhead() (overhead float64, ok bool) {
	return divide(t.IncomingOctetsWireLevel-t.IncomingOctetsWebSocketLevel, t.IncomingOctetsWebSocketLevel)
}

// OutgoingOverhead is like IncomingOverhead, for sent frames.
func (t *Traffic) OutgoingOverhead() (overhead float64, ok bool) {
	return divide(t.OutgoingOctetsWireLevel-t.OutgoingOctetsWebSocketLevel, t.OutgoingOctetsWebSocketLevel)
}

func divide(a, b int64) (float64, bool) {
	if b <= 0 {
		return 0, false
	}
	return float64(a) / float64(b), true
}

func (t *Traffic) object() map[string]any {
	return map[string]any{
		"incomingOctetsAppLevel":         t.IncomingOctetsAppLevel,
		"incomingOctetsWebSocketLevel":   t.IncomingOctetsWebSocketLevel,
		"incomingOctetsWireLevel":        t.IncomingOctetsWireLevel,
		"incomingWebSocketFrames":        t.IncomingWebSocketFrames,
		"incomingWebSocketMessages":      t.IncomingWebSocketMessages,
		"incomingCompressionRatio":       floatOrNull(t.IncomingRatio()),
		"incomingWebSocketOverhead":      floatOrNull(t.IncomingOverhead()),
		"outgoingOctetsAppLevel":         t.OutgoingOctetsAppLevel,
		"outgoingOctetsWebSocketLevel":   t.OutgoingOctetsWebSocketLevel,
		"outgoingOctetsWireLevel":        t.OutgoingOctetsWireLevel,
		"outgoingWebSocketFrames":        t.OutgoingWebSocketFrames,
		"outgoingWebSocketMessages":      t.OutgoingWebSocketMessages,
		"outgoingCompressionRatio":       floatOrNull(t.OutgoingRatio()),
		"outgoingWebSocketOverhead":      floatOrNull(t.OutgoingOverhead()),
		"preopenIncomingOctetsWireLevel": t.PreopenIncomingOctetsWireLevel,
		"preopenOutgoingOctetsWireLevel": t.PreopenOutgoingOctetsWireLevel,
	}
}

// A wireResult has the fields of a result in the form of the JSON.
type wireResult struct {
	Agent, ID, Description, Expectation string
	Case                                int
	Started                             *string
	Duration                            float64
	Behavior, BehaviorClose             Verdict
	Expected                            map[Verdict][]Event
	Received                            []Event
	Result, ResultClose                 string
	ExpectedClose                       *ExpectedClose
	IsServer                            bool
	HTTPRequest, HTTPResponse           string
	ReportTime, ReportCompressionRatio  bool
	TrafficStats                        *Traffic
	CreateStats, CreateWirelog          bool
	RxOctetStats, TxOctetStats          map[int]int
	RxFrameStats, TxFrameStats          map[int]int
	Wirelog                             []LogEntry
	LocalCloseCode, RemoteCloseCode     *int
	LocalCloseReason, RemoteCloseReason *string
	WasNotCleanReason                   *string
	ClosedByMe, FailedByMe, DroppedByMe bool
	WasClean                            bool
	WasServerConnectionDropTimeout      bool
	WasOpenHandshakeTimeout             bool
	WasCloseHandshakeTimeout            bool
	Rule, Broken                        *Rule
	Aside                               *Aside
	Offense                             *Offense
	Quick, Waited, Late                 bool
	Earlier                             []Run
}

// UnmarshalJSON decodes a result written by MarshalJSON or the original suite. A missing key
// leaves its field empty. Unknown keys are ignored.
func (r *Result) UnmarshalJSON(data []byte) error {
	var w wireResult
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*r = Result{
		Agent: w.Agent, ID: w.ID, Case: w.Case,
		Description: w.Description, Expectation: w.Expectation,
		Duration: time.Duration(w.Duration * float64(time.Millisecond)),
		Behavior: w.Behavior, BehaviorClose: w.BehaviorClose,
		Expected: w.Expected, Received: w.Received,
		Result: w.Result, ResultClose: w.ResultClose,
		IsServer: w.IsServer, HTTPRequest: w.HTTPRequest, HTTPResponse: w.HTTPResponse,
		ReportTime: w.ReportTime, ReportCompressionRatio: w.ReportCompressionRatio,
		Traffic:      w.TrafficStats,
		CreateStats:  w.CreateStats,
		RxOctetStats: w.RxOctetStats, TxOctetStats: w.TxOctetStats,
		RxFrameStats: w.RxFrameStats, TxFrameStats: w.TxFrameStats,
		CreateWirelog: w.CreateWirelog, Wirelog: w.Wirelog,
		Rule: w.Rule, Broken: w.Broken, Aside: w.Aside, Offense: w.Offense,
		Quick: w.Quick, Waited: w.Waited, Late: w.Late, Earlier: w.Earlier,
		Close: Close{
			ClosedByMe: w.ClosedByMe, FailedByMe: w.FailedByMe, DroppedByMe: w.DroppedByMe,
			WasClean: w.WasClean, WasNotCleanReason: value(w.WasNotCleanReason),
			WasServerConnectionDropTimeout: w.WasServerConnectionDropTimeout,
			WasOpenHandshakeTimeout:        w.WasOpenHandshakeTimeout,
			WasCloseHandshakeTimeout:       w.WasCloseHandshakeTimeout,
			LocalCloseCode:                 value(w.LocalCloseCode),
			LocalCloseReason:               value(w.LocalCloseReason),
			LocalCloseZero:                 w.LocalCloseCode != nil && *w.LocalCloseCode == 0,
			RemoteCloseCode:                value(w.RemoteCloseCode),
			RemoteCloseReason:              value(w.RemoteCloseReason),
			RemoteCloseZero:                w.RemoteCloseCode != nil && *w.RemoteCloseCode == 0,
		},
	}
	if e := w.ExpectedClose; e != nil && e.CloseCode != nil { // {} if the case does not expect a close
		r.ExpectedClose = e
	}
	if w.Started != nil {
		t, err := time.Parse(time.RFC3339, *w.Started)
		if err != nil {
			return fmt.Errorf("report: started: %w", err)
		}
		r.Started = t
	}
	return nil
}

// counts maps numbers to counters. Its JSON is in the order of the numbers.
type counts map[int]int

// MarshalJSON sorts the keys as numbers, whereas encoding/json sorts them as strings.
func (c counts) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, k := range slices.Sorted(maps.Keys(c)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, strconv.Itoa(k))
		out = append(out, ':')
		out = strconv.AppendInt(out, int64(c[k]), 10)
	}
	return append(out, '}'), nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func codeOrNull(code int, zero bool) any {
	if code == 0 && !zero {
		return nil
	}
	return code
}

func floatOrNull(f float64, ok bool) any {
	if !ok {
		return nil
	}
	return f
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// nonNil returns an empty slice for nil, whose JSON would be null.
func nonNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func nonNilEvents(m map[Verdict][]Event) map[Verdict][]Event {
	out := make(map[Verdict][]Event, len(m))
	for v, events := range m {
		out[v] = nonNil(events)
	}
	return out
}

// marshal is like json.Marshal but does not escape HTML characters, because people read the
// files too.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encode encodes v like the files of the original suite: sorted keys, an indentation of three
// spaces, and only ASCII characters.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "   ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeNonASCII(b.Bytes()), nil
}

// escapeNonASCII replaces characters that are not ASCII, which only JSON strings contain, with
// \u escapes.
func escapeNonASCII(in []byte) []byte {
	i := slices.IndexFunc(in, func(c byte) bool { return c >= utf8.RuneSelf })
	if i < 0 {
		return in
	}
	out := append(make([]byte, 0, len(in)+len(in)/8), in[:i]...)
	for _, c := range string(in[i:]) {
		if c < utf8.RuneSelf {
			out = append(out, byte(c))
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}
