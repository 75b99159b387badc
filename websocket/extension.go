package websocket

import (
	"errors"
	"fmt"

	"github.com/hawser-ws/hawser/wire"
)

// extensionError makes the error of an extension one that has a status code: its
// own if it wraps a [wire.Error]. Data that an extension cannot decode is payload
// that is "not consistent with the type of the message" (RFC 6455, section 7.4.1).
func extensionError(err error) error {
	var w *wire.Error
	if errors.As(err, &w) {
		return err
	}
	return &payloadError{fmt.Errorf("extension: %w", err)}
}

// A payloadError is a message whose payload is not what it should be.
type payloadError struct{ err error }

func (e *payloadError) Error() string { return e.err.Error() }
func (e *payloadError) Unwrap() error { return e.err }
