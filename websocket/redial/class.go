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

// A Class says what kind of event ended a connection or kept it from being opened. [Conns] dials
// again after every class except [Refused].
type Class uint8

const (
	// Clean: one side ended the connection on purpose. The peer closed it with 1000, 1001 or no
	// code, as servers do when they restart, this side closed it with any code, or a context was
	// canceled.
	Clean Class = iota

	// Network: the server could not be reached, or contact was lost. The connection ended without a
	// close frame, no pong came, or something took too long. A name that DNS does not know counts,
	// too, because some resolvers report that when they have no network. So does a [net.Error] that
	// DialOptions.ProxyConnect or CheckRedirect returns, whatever the status of the response. All
	// errors that are in no other class are in this one.
	Network

	// Protocol: one side broke the protocol or exceeded a limit. Either this side noticed it, or
	// the peer closed the connection with 1002, 1003, 1007, 1009 or 1010. An incorrect response
	// with status 101 counts, too, and so do failures of TLS other than those of the server's
	// certificate.
	Protocol

	// Busy: the server refused for now.
	//
	//   - The status was 408, 421, 425, 429, or 5xx other than 501 and 505.
	//   - The status was 4xx or 5xx other than 401 and 407, and the response had a valid
	//     Retry-After field. [Classify] does not see the response, but Conns and [RetryAfter] do.
	//   - The close code was 1011 to 1014, or one that is in no other class, such as 3008 (Timeout)
	//     and the private codes from 4000 on.
	//   - The certificate of the server has expired or is not valid yet.
	//
	// A message for which this side had no memory counts, too; see [websocket.ErrBudget].
	Busy

	// Refused: the server refused for good.
	//
	//   - The status was any other, such as 200, 401, 403, 404, or a redirect that was not
	//     followed. A proxy's status counts like a server's.
	//   - The close code was 1008, 3000 (Unauthorized) or 3003 (Forbidden).
	//   - The certificate of the server cannot be verified.
	//
	// In Conns, invalid options and URLs count, too, and so does an error of Options.Refresh that
	// wraps the last one. Classify and RetryAfter cannot tell invalid options from errors of
	// DialOptions.NetDial, and treat both as Network.
	//
	// A program that knows better can start a new loop, for example if its load balancer answers
	// 404 while the servers behind it restart.
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

// Classify returns the class of err, which is an error of [websocket.Dial] or of a method of a
// Conn, Err of a [websocket.Closure], or an [*Error]. For nil, Classify returns Clean.
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
	case handshake.Status != 0 && !isOfNetwork(handshake.Err):
		return classOfStatus(handshake.Status)
	}
	return classOfFailure(handshake)
}

// isOfNetwork reports whether err, which a function of the program returned, is an error of the
// network, as all errors of [http.Client] are. The function has then not decided to give up.
func isOfNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network)
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

// classOfClose returns the class of the code of the peer's close frame (RFC 6455, section 7.4.1,
// and https://www.iana.org/assignments/websocket). An unknown code does not end a loop.
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
	case http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusTooEarly,           // "might be replayed": the next request is not early data
		http.StatusMisdirectedRequest: // "MAY retry the request over a different connection"
		return Busy
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return Refused // the server cannot do this at all
	}
	if status >= 500 {
		return Busy
	}
	return Refused
}

// classOfFailure returns the class of an attempt that did not fail because of a response.
func classOfFailure(err error) Class {
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var op *net.OpError
	var malformed textproto.ProtocolError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return Busy // time cures it; x509 uses the same reason before the certificate is valid
	case isUntrusted(err):
		return Refused
	case errors.As(err, &record), errors.As(err, &malformed):
		return Protocol
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"): // a TLS alert
		return Protocol
	}
	return Network
}

// isUntrusted reports whether err is about a certificate that does not verify. Package crypto/tls
// wraps all such errors. DialOptions.DialTLS may not.
func isUntrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &certificate) || errors.As(err, &invalid) || errors.As(err, &host) ||
		errors.As(err, &authority)
}
