package websocket

import "github.com/hawser-ws/hawser/wire"

// A MessageType is the type of a message.
type MessageType uint8

// The two types of message (RFC 6455, section 5.6).
const (
	Text   MessageType = MessageType(wire.OpText)   // UTF-8, checked when read
	Binary MessageType = MessageType(wire.OpBinary) // any bytes
)

// String returns "text" or "binary".
func (t MessageType) String() string { return wire.Opcode(t).String() }

// A StatusCode is the code of a close frame: why a connection closes (RFC 6455, section 7.4).
type StatusCode = wire.StatusCode

// The status codes. Package wire documents them.
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
