package websocket

import "github.com/hawser-ws/hawser/wire"

// A MessageType says what a message holds.
type MessageType uint8

// The two types of message (RFC 6455, section 5.6).
const (
	Text   MessageType = MessageType(wire.OpText)   // UTF-8; what is read has been checked
	Binary MessageType = MessageType(wire.OpBinary) // any bytes
)

// String returns "text" or "binary".
func (t MessageType) String() string { return wire.Opcode(t).String() }

// A StatusCode says why a connection closes (RFC 6455, section 7.4).
type StatusCode = wire.StatusCode

// The status codes, as package wire explains them.
const (
	StatusNormalClosure      = wire.StatusNormalClosure
	StatusGoingAway          = wire.StatusGoingAway
	StatusProtocolError      = wire.StatusProtocolError
	StatusUnsupportedData    = wire.StatusUnsupportedData
	StatusNoStatusReceived   = wire.StatusNoStatusReceived
	StatusAbnormalClosure    = wire.StatusAbnormalClosure
	StatusInvalidPayload     = wire.StatusInvalidPayload
	StatusPolicyViolation    = wire.StatusPolicyViolation
	StatusMessageTooBig      = wire.StatusMessageTooBig
	StatusMandatoryExtension = wire.StatusMandatoryExtension
	StatusInternalError      = wire.StatusInternalError
	StatusServiceRestart     = wire.StatusServiceRestart
	StatusTryAgainLater      = wire.StatusTryAgainLater
	StatusBadGateway         = wire.StatusBadGateway
)
