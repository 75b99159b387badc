// Package report keeps what a run of the suite found: the results of its cases,
// the files they are written to and read from, and the comparison of two runs.
//
// [Write] makes a directory of JSON in the form of the original Autobahn suite,
// with its file names and keys, so that scripts which read its reports read these
// too, and of HTML for people. [Read] and [ReadIndex] take the reports of either
// tool; [Compare] puts two of them side by side.
package report

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Verdict says how a peer did in a case. The words are Autobahn's.
type Verdict string

// The verdicts on behaviour, and those on how the connection was closed.
const (
	OK             Verdict = "OK"
	NonStrict      Verdict = "NON-STRICT"    // passed, though not as strictly as one would wish
	Informational  Verdict = "INFORMATIONAL" // there is no wrong answer
	Unimplemented  Verdict = "UNIMPLEMENTED" // the peer declined what the case is about
	Failed         Verdict = "FAILED"
	Unclean        Verdict = "UNCLEAN"          // closing only: no full closing handshake
	WrongCode      Verdict = "WRONG CODE"       // closing only: a status code that does not fit
	FailedByClient Verdict = "FAILED BY CLIENT" // closing only: the client had to drop TCP
)

// Passed reports whether the verdict leaves nothing to wish: OK or INFORMATIONAL.
func (v Verdict) Passed() bool { return v == OK || v == Informational }

// A Result is all that is known of one run of a case against one agent. Its JSON
// form has the keys of Autobahn's case reports; the last ones are ours, and are
// left out when they are empty. The texts are plain: a blank line or <br> begins a
// new paragraph, any other markup is shown as it is.
type Result struct {
	Agent       string
	ID          string // of the case, such as "5.19"
	Case        int    // its number in Autobahn's numbering, from 1; 0 if it has none
	Description string
	Expectation string

	Started  time.Time
	Duration time.Duration // JSON: whole milliseconds

	Behavior      Verdict
	BehaviorClose Verdict
	Expected      map[Verdict][]Event // what would be which verdict
	Received      []Event
	Result        string // Behavior in words
	ResultClose   string // BehaviorClose in words
	ExpectedClose *ExpectedClose

	Close
	IsServer bool // the fuzzer is the server, and the agent is a client

	HTTPRequest  string
	HTTPResponse string

	ReportTime             bool // the duration says something about the agent
	ReportCompressionRatio bool
	Traffic                *Traffic // of cases that compress, else nil

	CreateStats   bool        // the four that follow were counted
	RxOctetStats  map[int]int // reads by their size in octets
	TxOctetStats  map[int]int // writes by their size in octets
	RxFrameStats  map[int]int // frames by opcode
	TxFrameStats  map[int]int
	CreateWirelog bool // false: the log was switched off and not on again
	Wirelog       []LogEntry

	Rule    *Rule    // what the case tests, by the RFCs; nil in a report of the original suite
	Broken  *Rule    // the sentence that Behavior rests on, if it is not Rule
	Aside   *Aside   // what the RFCs say beside the verdict, where that is more or less than the original's
	Offense *Offense // what was wrong on the wire, if it is known
	Quick   bool     // the case ran with fewer messages than it has
	Waited  bool     // the verdict rests on something that did not come in time
	Late    bool     // the machine was late while the case ran, so that time proves little
	Earlier []Run    // runs of the case before this one, if their verdicts differ from it
}

// A Run is what an earlier run of a case came to.
type Run struct {
	Behavior      Verdict `json:"behavior"`
	BehaviorClose Verdict `json:"behaviorClose"`
	Result        string  `json:"result"`
	ResultClose   string  `json:"resultClose"`
}

// Varies returns the verdicts of the runs of a case in order, such as "FAILED, then
// OK"; "" if they do not differ.
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

// Follow tells in r, the newer result of a case, how an earlier one differs.
func (r *Result) Follow(earlier *Result) {
	same := func(e Run) bool { return e.Behavior == r.Behavior && e.BehaviorClose == r.BehaviorClose }
	r.Earlier = slices.DeleteFunc(append(slices.Clone(earlier.Earlier), earlier.run()), same)
}

func (r *Result) run() Run {
	return Run{r.Behavior, r.BehaviorClose, r.Result, r.ResultClose}
}

// An Aside is a remark on a verdict, with the sentence that it rests on.
type Aside struct {
	Text string `json:"text"`
	Rule Rule   `json:"rule"`
}

// ExpectedClose is the end that a case asks for.
type ExpectedClose struct {
	ClosedByMe   bool  `json:"closedByMe"`   // the fuzzer sends the first close frame
	CloseCode    []int `json:"closeCode"`    // status codes that fit, if the peer sends one
	RequireClean bool  `json:"requireClean"` // a full closing handshake
	// WrongEndpointIsFatal makes the behaviour FAILED too when the wrong side began
	// to close: the peer never saw what was wrong.
	WrongEndpointIsFatal bool `json:"closedByWrongEndpointIsFatal,omitempty"`
}

// Close is how a connection ended. "Me" is the fuzzer.
type Close struct {
	ClosedByMe                     bool
	FailedByMe                     bool
	DroppedByMe                    bool
	WasClean                       bool
	WasNotCleanReason              string // "" if there is none
	WasServerConnectionDropTimeout bool
	WasOpenHandshakeTimeout        bool
	WasCloseHandshakeTimeout       bool
	LocalCloseCode                 int // 0 if none was sent
	LocalCloseReason               string
	RemoteCloseCode                int // 0 if none came
	RemoteCloseReason              string
	LocalCloseZero                 bool // the status code sent is the number 0, rather than none
	RemoteCloseZero                bool // the status code received is the number 0
}

// An Event is something that a case waits for. In JSON it is an array, such as
// ["message", "payload", false]. A payload is shown as [Text] shows it.
type Event struct {
	Kind   string // "message", "ping", "pong" or "timeout"
	Data   string // the payload, or the tag of a timeout
	Binary bool   // of a message
}

// Traffic counts the octets and frames of a case that compresses, from its opening
// to its last message. "App" is before compression, "WebSocket" the payloads of
// frames, "Wire" with the frames' headers.
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

// A LogKind is the kind of a [LogEntry], by the letters that Autobahn uses.
type LogKind string

// The kinds of log entries, and which fields they have beside Kind.
const (
	RxOctets    LogKind = "RO"  // Size, Text (hexadecimal)
	TxOctets    LogKind = "TO"  // Size, Text (hexadecimal), Sync
	RxFrame     LogKind = "RF"  // Size, Text, Opcode, Fin, RSV, Masked, Mask
	TxFrame     LogKind = "TF"  // Size, Text, Opcode, Fin, RSV, Mask, Repeat, Chop, Sync
	Delay       LogKind = "CT"  // Seconds, Tag: the script goes on after that
	DelayOver   LogKind = "CTE" // Tag
	KillAfter   LogKind = "KL"  // Seconds: the fuzzer fails the connection after that
	Kill        LogKind = "KLE"
	CloseAfter  LogKind = "TI" // Seconds: the fuzzer closes the connection after that
	CloseNow    LogKind = "TIE"
	WirelogMode LogKind = "WLM" // On: the log is switched off, or on again
)

// A LogEntry is a line of the wire log. In JSON it is an array that begins with
// its Kind, as Autobahn writes it.
type LogEntry struct {
	Kind    LogKind
	Size    int    // octets, of which Text shows the first
	Text    string // as [Hex] makes it of octets, and [Text] of a frame's payload
	Sync    bool   // written by itself, so that it travels alone
	Opcode  int
	Fin     bool
	RSV     int // 4 is RSV1
	Masked  bool
	Mask    string // hexadecimal; "" if there is none
	Repeat  int    // the payload was repeated up to that length; 0 if not
	Chop    int    // octets a write; 0 if not chopped
	Seconds float64
	Tag     string
	On      bool
}

// A Rule is the sentence that a case tests.
type Rule struct {
	Section string `json:"section"` // such as "RFC 6455, section 5.5"
	URL     string `json:"url"`
	Level   string `json:"level"` // MUST, SHOULD or MAY; "" if it has none of these words
	Text    string `json:"text"`  // quoted from the RFC
}

// An Offense is the place in the octets where a rule was broken.
type Offense struct {
	Sent   bool   `json:"sent"`   // octets that the fuzzer sent, which the agent should have refused; else received
	Start  int64  `json:"start"`  // where Octets begin, counted from the end of the handshake
	Octets []byte `json:"octets"` // at most 256
	Offset int    `json:"offset"` // of the octet in Octets
	Length int    `json:"length"` // how many are marked
	What   string `json:"what"`
}

var (
	_ json.Marshaler   = (*Result)(nil)
	_ json.Unmarshaler = (*Result)(nil)
)
