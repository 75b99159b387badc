package handshake

import "github.com/hawser-ws/hawser/wire"

// Check checks that the request, which Consume has read, is the opening handshake of a client
// (RFC 6455, section 4.2.1), and that the server allows its origin.
//
// A browser sends the origin of the web page, such as "https://example.com" or "null". Check
// then calls allowOrigin, which reports whether pages of that origin may connect. If
// allowOrigin is nil, no page may. Other clients usually send no origin, and Check accepts
// them without calling allowOrigin.
//
// An error is an [*Error], with the status
//
//   - 405 if the method is not GET
//   - 426 if the request has no "Upgrade: websocket", or asks for a WebSocket version other
//     than 13
//   - 403 if the origin is not allowed (section 10.2)
//   - 400 if it violates RFC 6455 in another way
func (r *Request) Check(allowOrigin func(origin []byte) bool) error {
	if e := r.check(allowOrigin); e != nil {
		e.noContent = string(r.Method) == "HEAD"
		return e
	}
	return nil
}

// An opening has the fields of an opening handshake, and counts those that must not be
// repeated.
type opening struct {
	websocket, upgrade            bool // are in the lists of Upgrade and Connection
	key, version, origin          []byte
	keys, versions, origins       int
	protocolLists, extensionLists []string
}

func (r *Request) check(allowOrigin func(origin []byte) bool) *Error {
	o := r.opening()
	switch {
	case string(r.Method) != "GET":
		return refuse(statusMethodNotAllowed, section421, "method is not GET")
	case !o.websocket:
		return refuse(statusUpgradeRequired, section421, "Upgrade does not name websocket")
	case !o.upgrade:
		return badRequest(section421, "Connection does not name Upgrade")
	case o.versions != 1:
		return badRequest("RFC 6455, section 11.3.5", "Sec-WebSocket-Version must have exactly one value")
	case string(o.version) != "13":
		return refuse(statusUpgradeRequired, "RFC 6455, section 4.2.2", "Sec-WebSocket-Version is not 13")
	case o.keys != 1:
		return badRequest("RFC 6455, section 11.3.1", "Sec-WebSocket-Key must have exactly one value")
	case !wire.IsKey(string(o.key)):
		return badRequest(section421, "Sec-WebSocket-Key is not 16 bytes in base64")
	case o.origins > 1 || o.origins == 1 && len(o.origin) == 0:
		return badRequest("RFC 6454, section 7", "Origin must be one origin or null")
	case o.origins == 1 && (allowOrigin == nil || !allowOrigin(o.origin)):
		return refuse(statusForbidden, "RFC 6455, section 10.2", "this Origin may not connect")
	}
	extensions, err := wire.ParseExtensions(o.extensionLists)
	if err != nil {
		e := badRequest("RFC 6455, section 9.1", "malformed Sec-WebSocket-Extensions")
		e.Err = err
		return e
	}
	r.Key, r.Origin = o.key, o.origin
	r.Protocols, r.Extensions = wire.ParseProtocols(o.protocolLists), extensions
	return nil
}

func (r *Request) opening() (o opening) {
	for name, value := range r.Fields() {
		switch {
		case equalFold(name, "Upgrade"):
			o.websocket = o.websocket || hasToken(value, "websocket")
		case equalFold(name, "Connection"):
			o.upgrade = o.upgrade || hasToken(value, "upgrade")
		case equalFold(name, "Sec-WebSocket-Key"):
			o.key, o.keys = value, o.keys+1
		case equalFold(name, "Sec-WebSocket-Version"):
			o.version, o.versions = value, o.versions+1
		case equalFold(name, "Origin"):
			o.origin, o.origins = value, o.origins+1
		case equalFold(name, "Sec-WebSocket-Protocol"):
			o.protocolLists = append(o.protocolLists, string(value))
		case equalFold(name, "Sec-WebSocket-Extensions"):
			o.extensionLists = append(o.extensionLists, string(value))
		}
	}
	return o
}
