package websocket

import (
	"errors"
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// extensionError makes the error of an extension one that has a status code: that of
// a [wire.Error] if it wraps one. Other data that an extension cannot decode is payload
// that is "not consistent with the type of the message" (RFC 6455, section 7.4.1).
func extensionError(err error) error {
	err = fmt.Errorf("extension: %w", err)
	if w := (*wire.Error)(nil); errors.As(err, &w) {
		return err
	}
	return &payloadError{err: err}
}

// A payloadError is a message whose payload is not what it should be.
type payloadError struct {
	err    error
	reader *Conn // whose ReadJSON has read it; nil: what an extension cannot decode
}

func (e *payloadError) Error() string { return e.err.Error() }
func (e *payloadError) Unwrap() error { return e.err }

// reason returns what the peer is told.
func (e *payloadError) reason() string {
	if e.reader == nil {
		return "extension cannot decode the message"
	}
	return "message is not the expected JSON"
}
