package report

import (
	"strconv"
)

// A flagView shows a property of how the connection ended, under its JSON key, and its meaning.
type flagView struct {
	Name, Value, Means string
	Set                bool // true, or not empty
}

func flags(r *Result) []flagView {
	return []flagView{
		boolFlag("isServer", r.IsServer, "Whether the suite was the server, and the peer the client."),
		boolFlag("closedByMe", r.ClosedByMe, "Whether the suite sent the first close frame."),
		boolFlag("failedByMe", r.FailedByMe,
			"Whether the suite failed the connection because of an error, with or without a close frame."),
		boolFlag("droppedByMe", r.DroppedByMe,
			"Whether the suite was the first to drop the TCP connection."),
		boolFlag("wasClean", r.WasClean,
			"Whether both sides sent close frames and the server then dropped TCP."),
		textFlag("wasNotCleanReason", r.WasNotCleanReason,
			"Why the close was not clean."),
		boolFlag("wasServerConnectionDropTimeout", r.WasServerConnectionDropTimeout,
			"Whether the server failed to drop TCP in time after the close frames."),
		boolFlag("wasOpenHandshakeTimeout", r.WasOpenHandshakeTimeout,
			"Whether the opening handshake took too long."),
		boolFlag("wasCloseHandshakeTimeout", r.WasCloseHandshakeTimeout,
			"Whether the peer failed to answer the suite's close frame in time."),
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

// An offenseView shows a hex dump that marks the bytes that broke a rule.
type offenseView struct {
	Who, What string
	Where     string
	Lines     []dumpLine
}

// A dumpLine has up to dumpWidth bytes.
type dumpLine struct {
	At    string
	Bytes []dumpByte
	Pad   string // in place of missing bytes
}

type dumpByte struct {
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
		v.Who = "The suite sent bytes that the peer should have refused"
	}
	from, to := o.Offset, o.Offset+max(o.Length, 0)
	v.Where = "byte " + thousands(o.Start+int64(from))
	if to-from > 1 {
		v.Where = "bytes " + thousands(o.Start+int64(from)) + " to " + thousands(o.Start+int64(to)-1)
	}
	for i := 0; i < len(o.Octets); i += dumpWidth {
		line := dumpLine{At: offset(o.Start + int64(i))}
		for j := i; j < min(i+dumpWidth, len(o.Octets)); j++ {
			line.Bytes = append(line.Bytes,
				dumpByte{hex2(o.Octets[j]), printable(o.Octets[j : j+1]), from <= j && j < to})
		}
		for range dumpWidth - len(line.Bytes) {
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
