package websocket

import (
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
)

// The opening handshake (RFC 6455, section 4) has its server's side in the files accept_*.go
// and its client's side in dial_*.go. Both share what is in this file.

const (
	protocolVersion = "13"        // the only version (section 4.1, item 9)
	upgradeToken    = "websocket" // in the Upgrade field

	httpVersion = "HTTP/1.1"
	statusLine  = httpVersion + " 101 Switching Protocols\r\n"
)

// protocolNameRule follows the quoted name of an invalid subprotocol in errors.
const protocolNameRule = "must be one or more bytes from U+0021 to U+007E other than a comma"

// The names of header fields as RFC 6455 spells them. Some peers compare them exactly.
const (
	fieldUpgrade    = "Upgrade"
	fieldConnection = "Connection"
	fieldOrigin     = "Origin"
	fieldKey        = "Sec-WebSocket-Key"
	fieldAccept     = "Sec-WebSocket-Accept"
	fieldVersion    = "Sec-WebSocket-Version"
	fieldProtocol   = "Sec-WebSocket-Protocol"
	fieldExtensions = "Sec-WebSocket-Extensions"
)

// The same names in the canonical form that net/http reads them in. Indexing an
// [http.Header] with these takes no conversion.
const (
	keyKey        = "Sec-Websocket-Key"
	keyAccept     = "Sec-Websocket-Accept"
	keyVersion    = "Sec-Websocket-Version"
	keyProtocol   = "Sec-Websocket-Protocol"
	keyExtensions = "Sec-Websocket-Extensions"
)

// Sections that several errors cite.
const (
	section41  = "RFC 6455, section 4.1"
	section421 = "RFC 6455, section 4.2.1"
	section422 = "RFC 6455, section 4.2.2"
	section91  = "RFC 6455, section 9.1"
	section102 = "RFC 6455, section 10.2"
)

// fieldCause returns what is wrong with a field and where, without the section that a wire.Error
// would repeat.
func fieldCause(err error) error {
	var w *wire.Error
	if errors.As(err, &w) {
		return fmt.Errorf("%w at byte %d", w.Violation, w.Offset)
	}
	return err
}

// closeSession closes s if it is an io.Closer. Its error does not matter, because the connection or
// the handshake has already ended.
func closeSession(s wire.Session) {
	if s, ok := s.(io.Closer); ok {
		_ = s.Close()
	}
}
