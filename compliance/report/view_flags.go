package report

import (
	"strconv"
)

// flagView is what is known of how the connection ended, under the name that it
// has in the JSON, and what that means.
type flagView struct {
	Name, Value, Means string
	Set                bool // true, or not empty
}

func flags(r *Result) []flagView {
	return []flagView{
		boolFlag("isServer", r.IsServer, "The suite was the server here, and the peer the client."),
		boolFlag("closedByMe", r.ClosedByMe, "The suite sent the first close frame."),
		boolFlag("failedByMe", r.FailedByMe,
			"The suite gave the connection up because of an error, by a close frame or by hanging up."),
		boolFlag("droppedByMe", r.DroppedByMe, "The suite was the first to drop the TCP connection."),
		boolFlag("wasClean", r.WasClean,
			"Close frames went both ways, and then the server dropped TCP, which is its part."),
		textFlag("wasNotCleanReason", r.WasNotCleanReason,
			"What came in the way, if the close was not clean."),
		boolFlag("wasServerConnectionDropTimeout", r.WasServerConnectionDropTimeout,
			"After the close frames the server had to drop TCP and did not in time."),
		boolFlag("wasOpenHandshakeTimeout", r.WasOpenHandshakeTimeout,
			"The opening handshake took too long."),
		boolFlag("wasCloseHandshakeTimeout", r.WasCloseHandshakeTimeout,
			"The peer did not answer the suite's close frame in time."),
		codeFlag("localCloseCode", r.LocalCloseCode, r.LocalCloseZero,
			"The status code in the suite's close frame."),
		textFlag("localCloseReason", r.LocalCloseReason, "The reason in the suite's close frame."),
		codeFlag("remoteCloseCode", r.RemoteCloseCode, r.RemoteCloseZero,
			"The status code in the peer's close frame."),
		textFlag("remoteCloseReason", r.RemoteCloseReason, "The reason in the peer's close frame."),
	}
}

func boolFlag(name string, v bool, means string) flagView {
	value := "no"
	if v {
		value = "yes"
	}
	return flagView{name, value, means, v}
}

func textFlag(name, v, means string) flagView {
	if v == "" {
		return flagView{name, "none", means, false}
	}
	return flagView{name, v, means, true}
}

func codeFlag(name string, v int, zero bool, means string) flagView {
	if v == 0 && !zero {
		return flagView{name, "none", means, false}
	}
	return flagView{name, strconv.Itoa(v), means, true}
}

// offenseView is a hex dump with the octets that broke a rule.
type offenseView struct {
	Who, What string
	Where     string
	Lines     []dumpLine
}

// dumpLine is eight octets.
type dumpLine struct {
	At     string
	Octets []dumpOctet
	Pad    string // in place of octets that are missing
}

type dumpOctet struct {
	Hex, Char string
	Bad       bool
}

const dumpWidth = 8

func newOffense(o *Offense) *offenseView {
	if o == nil {
		return nil
	}
	v := &offenseView{Who: "The peer sent", What: o.What}
	if o.Sent {
		v.Who = "The suite sent, and the peer should have refused"
	}
	from, to := o.Offset, o.Offset+max(o.Length, 0)
	v.Where = "octet " + thousands(o.Start+int64(from))
	if to-from > 1 {
		v.Where = "octets " + thousands(o.Start+int64(from)) + " to " + thousands(o.Start+int64(to)-1)
	}
	for i := 0; i < len(o.Octets); i += dumpWidth {
		line := dumpLine{At: offset(o.Start + int64(i))}
		for j := i; j < min(i+dumpWidth, len(o.Octets)); j++ {
			line.Octets = append(line.Octets,
				dumpOctet{hex2(o.Octets[j]), printable(o.Octets[j : j+1]), from <= j && j < to})
		}
		for range dumpWidth - len(line.Octets) {
			line.Pad += "   "
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

func offset(n int64) string {
	s := strconv.FormatInt(n, 16)
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}

func hex2(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
