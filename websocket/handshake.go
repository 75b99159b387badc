package websocket

import (
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
)

// fieldCause is what was wrong with a field and where, without the section that
// wire.Error would repeat.
func fieldCause(err error) error {
	var w *wire.Error
	if errors.As(err, &w) {
		return fmt.Errorf("%w at byte %d", w.Violation, w.Offset)
	}
	return err
}

// closeSession closes a session that can be closed. Its error is of no consequence:
// the connection or its handshake has ended before.
func closeSession(s wire.Session) {
	if s, ok := s.(io.Closer); ok {
		_ = s.Close()
	}
}
