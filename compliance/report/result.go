// Package report represents the results of a run of the suite, and writes, reads and compares
// reports of them.
//
// [Write] writes a report to a directory: HTML for people, and JSON with the file names and keys
// of the original Autobahn test suite, so that scripts for Autobahn's reports work with these too.
// [Read] and [ReadIndex] read the reports of both tools. [Compare] compares two reports.
package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Verdict is the verdict on a peer in a case. The words are Autobahn's.
type Verdict string

// Verdicts on behavior and on closing.
const (
	OK             Verdict = "OK"
	NonStrict      Verdict = "NON-STRICT"    // passed, but less strictly than recommended
	Informational  Verdict = "INFORMATIONAL" // no answer is wrong
	Unimplemented  Verdict = "UNIMPLEMENTED" // the peer declined what the case tests
	Failed         Verdict = "FAILED"
	Unclean        Verdict = "UNCLEAN"          // closing only: no full closing handshake
	WrongCode      Verdict = "WRONG CODE"       // closing only: an unexpected status code
	FailedByClient Verdict = "FAILED BY CLIENT" // closing only: the client had to drop TCP
)

// Passed reports whether the verdict is OK or INFORMATIONAL.
func (v Verdict) Passed() bool { return v == OK || v == Informational }

// A Result is the result of one run of a case against an agent, which is the peer under test.
// Its JSON has the keys of Autobahn's case reports. The keys of the last fields, from Rule on,
// are additions, which are omitted if they are empty. Texts are plain: a blank line or <br>
// begins a new paragraph, and other markup is not interpreted.
type Result struct {
	Agent       string
	ID          string // id of the case, such as "5.19"
	Case        int    // number of the case in Autobahn's order, from 1; 0 if it has none
	Description string
	Expectation string

	Started  time.Time
	Duration time.Duration // JSON: whole milliseconds

	Behavior      Verdict
	BehaviorClose Verdict
	Expected      map[Verdict][]Event // events that lead to each verdict
	Received      []Event
	Result        string // Behavior in words
	ResultClose   string // BehaviorClose in words
	ExpectedClose *ExpectedClose

	Close
	IsServer bool // the suite is the server, and the agent is a client

	HTTPRequest  string
	HTTPResponse string

	ReportTime             bool // the duration measures the agent
	ReportCompressionRatio bool
	Traffic                *Traffic // nil except in cases that compress

	CreateStats   bool        // the following four maps are set
	RxOctetStats  map[int]int // number of reads by size in bytes
	TxOctetStats  map[int]int // number of writes by size in bytes
	RxFrameStats  map[int]int // number of frames by opcode
	TxFrameStats  map[int]int
	CreateWirelog bool // false if the log was switched off and not on again
	Wirelog       []LogEntry

	Rule    *Rule    // rule that the case tests; nil in a report of the original suite
	Broken  *Rule    // rule on which Behavior is based, if it is not Rule
	Aside   *Aside   // remark, if the RFCs require more or less than the original suite
	Offense *Offense // violation in the bytes on the wire, if known
	Quick   bool     // the case ran with fewer messages than usual
	Waited  bool     // the verdict depends on a timeout
	Late    bool     // the machine was overloaded, so timeouts prove little
	Earlier []Run    // earlier runs with other verdicts
}

// A Run is the result of an earlier run of a case.
type Run struct {
	Behavior      Verdict `json:"behavior"`
	BehaviorClose Verdict `json:"behaviorClose"`
	Result        string  `json:"result"`
	ResultClose   string  `json:"resultClose"`
}

// Varies returns the verdicts of all runs of the case in order, such as "FAILED, then OK", or ""
// if they do not differ.
func (r *Result) Varies() string {
	if len(r.Earlier) == 0 {
		return ""
	}
	var brief, full []string
	for _, run := range append(slices.Clone(r.Earlier), r.run()) {
		word := string(run.Behavior)
		full = append(full, word+" with close "+string(run.BehaviorClose))
		if run.Behavior.Passed() && !run.BehaviorClose.Passed() {
			word = "close " + string(run.BehaviorClose)
		}
		brief = append(brief, word)
	}
	if brief = slices.Compact(brief); len(brief) > 1 {
		return strings.Join(brief, ", then ")
	}
	return strings.Join(full, ", then ")
}

// Follow adds an earlier result of the case, and its earlier runs, to r.Earlier.
func (r *Result) Follow(earlier *Result) {
	same := func(e Run) bool { return e.Behavior == r.Behavior && e.BehaviorClose == r.BehaviorClose }
	r.Earlier = slices.DeleteFunc(append(slices.Clone(earlier.Earlier), earlier.run()), same)
}

func (r *Result) run() Run {
	return Run{r.Behavior, r.BehaviorClose, r.Result, r.ResultClose}
}

// An Aside is a remark on a verdict, with the rule that it is based on.
type Aside struct {
	Text string `json:"text"`
	Rule Rule   `json:"rule"`
}

// An ExpectedClose describes how a case expects the connection to close.
type ExpectedClose struct {
	ClosedByMe   bool  `json:"closedByMe"`   // the suite sends the first close frame
	CloseCode    []int `json:"closeCode"`    // status codes that the peer may send
	RequireClean bool  `json:"requireClean"` // the closing handshake must be complete
	// WrongEndpointIsFatal makes the behavior FAILED too if the wrong side starts the
	// closing handshake, because the peer did not detect the violation.
	WrongEndpointIsFatal bool `json:"closedByWrongEndpointIsFatal,omitempty"`
}

// A Close describes how a connection ended. "Me" is the suite.
type Close struct {
	ClosedByMe                     bool   // the suite sent the first close frame
	FailedByMe                     bool   // the suite failed the connection because of an error
	DroppedByMe                    bool   // the suite was the first to drop the TCP connection
	WasClean                       bool   // both sides sent close frames, and the server then dropped TCP
	WasNotCleanReason              string // "" if the close was clean
	WasServerConnectionDropTimeout bool   // the server did not drop TCP in time after the close frames
	WasOpenHandshakeTimeout        bool   // the opening handshake took too long
	WasCloseHandshakeTimeout       bool   // the peer did not answer the suite's close frame in time
	LocalCloseCode                 int    // 0 if none was sent
	LocalCloseReason               string
	RemoteCloseCode                int // 0 if none was received
	RemoteCloseReason              string
	LocalCloseZero                 bool // the status code 0 was sent
	RemoteCloseZero                bool // the status code 0 was received
}

// An Event is a message, ping or pong that the suite received, or a timeout. Its JSON is an
// array such as ["message", "payload", false].
type Event struct {
	Kind   string // "message", "ping", "pong" or "timeout"
	Data   string // the payload in the form of [Text], or the tag of a timeout
	Binary bool   // the message is binary
}

// Traffic has the numbers of bytes, frames and messages in a case that compresses. It counts
// bytes at three levels: "App" is before compression, "WebSocket" is the payloads of frames, and
// "Wire" adds the headers of frames. The names are those of Autobahn's keys.
type Traffic struct {
	IncomingOctetsAppLevel         int64
	IncomingOctetsWebSocketLevel   int64
	IncomingOctetsWireLevel        int64
	IncomingWebSocketFrames        int64
	IncomingWebSocketMessages      int64
	OutgoingOctetsAppLevel         int64
	OutgoingOctetsWebSocketLevel   int64
	OutgoingOctetsWireLevel        int64
	OutgoingWebSocketFrames        int64
	OutgoingWebSocketMessages      int64
	PreopenIncomingOctetsWireLevel int64
	PreopenOutgoingOctetsWireLevel int64
}

// A LogKind is the kind of a [LogEntry]. The values are Autobahn's.
type LogKind string

// Kinds of log entries, each with the fields of [LogEntry] that it uses.
const (
	RxBytes     LogKind = "RO"  // Size, Text (hexadecimal)
	TxBytes     LogKind = "TO"  // Size, Text (hexadecimal), Sync
	RxFrame     LogKind = "RF"  // Size, Text, Opcode, Fin, RSV, Masked, Mask
	TxFrame     LogKind = "TF"  // Size, Text, Opcode, Fin, RSV, Mask, Repeat, Chop, Sync
	Delay       LogKind = "CT"  // Seconds, Tag: the case continues after that time
	DelayOver   LogKind = "CTE" // Tag
	KillAfter   LogKind = "KL"  // Seconds: the suite fails the connection after that time
	Kill        LogKind = "KLE"
	CloseAfter  LogKind = "TI" // Seconds: the suite closes the connection after that time
	CloseNow    LogKind = "TIE"
	WirelogMode LogKind = "WLM" // On: logging is switched on again; otherwise, off
)

// A LogEntry is an entry of the wire log. Its JSON is an array that begins with Kind, as in
// Autobahn's reports.
type LogEntry struct {
	Kind    LogKind
	Size    int    // number of bytes
	Text    string // the first bytes, by [Hex], or by [Text] for the payload of a frame
	Sync    bool   // written separately
	Opcode  int
	Fin     bool
	RSV     int // reserved bits; RSV1 is 4
	Masked  bool
	Mask    string // masking key in hexadecimal; "" if there is none
	Repeat  int    // length to which the payload was repeated, or 0
	Chop    int    // number of bytes per write, or 0 for a single write
	Seconds float64
	Tag     string
	On      bool
}

// A Rule is a sentence of an RFC.
type Rule struct {
	Section string `json:"section"` // such as "RFC 6455, section 5.5"
	URL     string `json:"url"`
	Level   string `json:"level"` // MUST, SHOULD, MAY or ""
	Text    string `json:"text"`  // quoted from the RFC
}

// An Offense is the place in the bytes on the wire where a rule was broken.
type Offense struct {
	Sent   bool   `json:"sent"`   // the suite sent the bytes, and the agent should have refused them
	Start  int64  `json:"start"`  // offset of Octets in the bytes after the opening handshake
	Octets []byte `json:"octets"` // at most 256 bytes
	Offset int    `json:"offset"` // offset of the violation in Octets
	Length int    `json:"length"` // length of the violation in bytes
	What   string `json:"what"`   // the violation in words
}

var (
	_ json.Marshaler   = (*Result)(nil)
	_ json.Unmarshaler = (*Result)(nil)
)
