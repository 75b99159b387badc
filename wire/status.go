package wire

import "strconv"

// A StatusCode is the code in a close frame that says why the connection ends (RFC 6455,
// section 7.4).
type StatusCode uint16

// The status codes of RFC 6455, section 7.4.1, and of IANA's registry of WebSocket close
// codes. The three marked "local" describe how a connection ended and are never sent in a
// frame.
const (
	StatusNormalClosure      StatusCode = 1000
	StatusGoingAway          StatusCode = 1001
	StatusProtocolError      StatusCode = 1002
	StatusUnsupportedData    StatusCode = 1003
	StatusNoStatusReceived   StatusCode = 1005 // local: a close frame had no code
	StatusAbnormalClosure    StatusCode = 1006 // local: the stream ended without a close frame
	StatusInvalidPayload     StatusCode = 1007
	StatusPolicyViolation    StatusCode = 1008
	StatusMessageTooBig      StatusCode = 1009
	StatusMandatoryExtension StatusCode = 1010
	StatusInternalError      StatusCode = 1011
	StatusServiceRestart     StatusCode = 1012
	StatusTryAgainLater      StatusCode = 1013
	StatusBadGateway         StatusCode = 1014
	StatusTLSHandshake       StatusCode = 1015 // local: the TLS handshake failed
)

// IsSendable reports whether c may be sent in a close frame: 1000 to 1003 and 1007 to 1014,
// which are registered, 3000 to 3999 for libraries and frameworks, and 4000 to 4999 for
// private use (RFC 6455, section 7.4.2).
func (c StatusCode) IsSendable() bool {
	switch {
	case c >= 1000 && c <= 1003, c >= 1007 && c <= 1014, c >= 3000 && c <= 4999:
		return true
	}
	return false
}

// String returns the code in decimal and its name if it has one, such as
// "1002 (protocol error)".
func (c StatusCode) String() string {
	s := strconv.Itoa(int(c))
	if name := c.name(); name != "" {
		s += " (" + name + ")"
	}
	return s
}

func (c StatusCode) name() string {
	switch c {
	case StatusNormalClosure:
		return "normal closure"
	case StatusGoingAway:
		return "going away"
	case StatusProtocolError:
		return "protocol error"
	case StatusUnsupportedData:
		return "unsupported data"
	case StatusNoStatusReceived:
		return "no status received"
	case StatusAbnormalClosure:
		return "abnormal closure"
	case StatusInvalidPayload:
		return "invalid payload"
	case StatusPolicyViolation:
		return "policy violation"
	case StatusMessageTooBig:
		return "message too big"
	case StatusMandatoryExtension:
		return "mandatory extension"
	case StatusInternalError:
		return "internal error"
	case StatusServiceRestart:
		return "service restart"
	case StatusTryAgainLater:
		return "try again later"
	case StatusBadGateway:
		return "bad gateway"
	case StatusTLSHandshake:
		return "TLS handshake failed"
	}
	return ""
}
