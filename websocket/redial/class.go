package redial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/textproto"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A Class is a kind of end of a connection, or of a failure to open it. [Conns] dials again after all
// of them but [Refused].
type Class uint8

const (
	// Clean means that one side ended the connection as planned: the peer closed it with 1000, 1001
	// or no code, this side closed it with any code, or a context was canceled. Servers that restart
	// close so.
	Clean Class = iota

	// Network means that the server could not be reached, or was lost: it sent no close frame, no
	// pong, or nothing in time. A name that DNS does not know belongs here, because that is what many
	// resolvers answer without a network. So does every error that is not in another class.
	Network

	// Protocol means that one side broke the protocol or exceeded a limit of the other: this side
	// found that, or the peer closed the connection with 1002, 1003, 1007, 1009 or 1010; a response
	// with status 101 was not a correct one; or TLS failed for another reason than the certificate.
	Protocol

	// Busy means that the server refused for now: with status 408, 421, 425, 429, or 5xx except 501
	// and 505; with status 4xx or 5xx and a Retry-After field; with a close code that is in no other
	// class, such as 1011 to 1014, 3008 (Timeout) and the private ones from 4000 on; or its
	// certificate is not valid now, but was or will be. [websocket.ErrBudget] is this side's own lack
	// of memory.
	Busy

	// Refused means that the server refused for good: with any other status, such as a redirect that
	// was not followed, 200, 401, 403 or 404; with close code 1008, 3000 (Unauthorized) or 3003
	// (Forbidden); or with a certificate that does not verify. Conns also counts options and URLs
	// that [websocket.Dial] rejects. Classify cannot tell their errors from those of
	// DialOptions.NetDial.
	Refused
)

// String returns the name of the class in lower case, such as "clean".
func (c Class) String() string {
	switch c {
	case Clean:
		return "clean"
	case Network:
		return "network"
	case Protocol:
		return "protocol"
	case Busy:
		return "busy"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// Classify returns the class of err, which is an error of [websocket.Dial] or of a method of a Conn,
// the Err of a [websocket.Closure], or an [*Error]. It is Clean for nil.
func Classify(err error) Class {
	var own *Error
	var handshake *websocket.HandshakeError
	switch {
	case err == nil:
		return Clean
	case errors.As(err, &own):
		return own.Class
	case errors.Is(err, context.Canceled):
		return Clean
	case !errors.As(err, &handshake):
		return classOfEnd(err)
	case handshake.Status != 0:
		return classOfStatus(handshake.Status)
	}
	return classOfFailure(handshake)
}

// classOfEnd returns the class of the end of a connection.
func classOfEnd(err error) Class {
	var peer *websocket.CloseError
	var op *websocket.Error
	var broken *wire.Error
	switch {
	case errors.As(err, &peer):
		return classOfClose(peer.Code)
	case errors.As(err, &op) && op.Err == net.ErrClosed:
		return Clean
	case errors.Is(err, websocket.ErrBudget):
		return Busy
	case errors.Is(err, websocket.ErrMessageTimeout):
		return Network
	case errors.As(err, &broken), op != nil && op.Code != 0:
		return Protocol
	}
	return Network
}

// classOfClose returns the class of the code of the peer's close frame. See
// https://www.iana.org/assignments/websocket for those that RFC 6455 does not define.
func classOfClose(code websocket.StatusCode) Class {
	const (
		unauthorized websocket.StatusCode = 3000
		forbidden    websocket.StatusCode = 3003
	)
	switch code {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusReceived:
		return Clean
	case websocket.StatusProtocolError, websocket.StatusUnsupportedData, websocket.StatusInvalidPayload,
		websocket.StatusMessageTooBig, websocket.StatusMandatoryExtension:
		return Protocol
	case websocket.StatusPolicyViolation, unauthorized, forbidden:
		return Refused
	}
	return Busy
}

// classOfStatus returns the class of the status of a response that did not open a connection.
func classOfStatus(status int) Class {
	switch status {
	case http.StatusSwitchingProtocols:
		return Protocol
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly,
		http.StatusTooManyRequests:
		return Busy
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return Refused
	}
	if status >= 500 {
		return Busy
	}
	return Refused
}

// classOfFailure returns the class of an attempt to which no response arrived.
func classOfFailure(err error) Class {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var op *net.OpError
	var malformed textproto.ProtocolError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return Busy // also if it is not valid yet, or the clock of this machine is not set yet
	case errors.As(err, &certificate):
		return Refused
	case errors.As(err, &record), errors.As(err, &malformed):
		return Protocol
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // a TLS alert
		return Protocol
	}
	return Network
}
