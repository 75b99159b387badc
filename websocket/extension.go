package websocket

import "fmt"

// extensionError makes the error of an extension one that has a status code: that of
// a [wire.Error] if it wraps one, as [closeStatus] has it. Other data that an
// extension cannot decode is payload that is "not consistent with the type of the
// message" (RFC 6455, section 7.4.1).
func extensionError(err error) error {
	return &payloadError{err: fmt.Errorf("extension: %w", err)}
}

// A payloadError is a message whose payload is not what it should be.
type payloadError struct {
	err    error
	reader *Conn // who read it, if the connection goes on
}

func (e *payloadError) Error() string { return e.err.Error() }
func (e *payloadError) Unwrap() error { return e.err }
