package judges

import (
	"net/url"
	"slices"
	"strings"
)

// A handshakeRow is an accepted difference in answering requests. Its fields are those of row.
type handshakeRow struct {
	libraries string
	does      string
	section   string
	says      string
	right     string
	match     func(d *dispute) bool
}

// accepts returns the match of a row about requests that we refuse and the library accepts.
// why are parts of our errors.
func accepts(why ...string) func(d *dispute) bool {
	return func(d *dispute) bool {
		return !d.ours.accepted && d.theirs.accepted && slices.ContainsFunc(why, func(s string) bool {
			return strings.Contains(d.ours.err.Error(), s)
		})
	}
}

// refuses returns the match of a row about requests that we accept and the library refuses.
// why are parts of its errors. Without any, every error matches.
func refuses(why ...string) func(d *dispute) bool {
	return func(d *dispute) bool {
		return d.ours.accepted && !d.theirs.accepted &&
			(len(why) == 0 || slices.ContainsFunc(why, func(s string) bool {
				return d.theirs.err != nil && strings.Contains(d.theirs.err.Error(), s)
			}))
	}
}

// deflates returns the match of a row about requests that both accept, with or without
// compression.
func deflates(ours, theirs bool) func(d *dispute) bool {
	return func(d *dispute) bool {
		return d.ours.accepted && d.theirs.accepted && d.ours.protocol == d.theirs.protocol &&
			d.ours.deflated == ours && d.theirs.deflated == theirs
	}
}

// chooses returns the match of a row about requests that both accept, with different
// subprotocols.
func chooses(match func(ours, theirs string) bool) func(d *dispute) bool {
	return func(d *dispute) bool {
		return d.ours.accepted && d.theirs.accepted && match(d.ours.protocol, d.theirs.protocol)
	}
}

// Sentences that several rows quote.
const (
	abnf = "If a value is received by either the client or the server during negotiation that does " +
		"not conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail the " +
		"WebSocket Connection_."
	decline = "A server MUST decline an extension negotiation offer for this extension if any of the " +
		"following conditions are met:"
	ready = "A (possibly empty) list representing the protocol-level extensions the server is ready " +
		"to use."
	upgrade = `An |Upgrade| header field containing the value "websocket", treated as an ASCII ` +
		`case-insensitive value.`
	connection = `A |Connection| header field that includes the token "Upgrade", treated as an ASCII ` +
		`case-insensitive value.`
	chosen = "The value chosen MUST be derived from the client's handshake, specifically by selecting " +
		"one of the values from the |Sec-WebSocket-Protocol| field that the server is willing to use for " +
		"this connection (if any)."
)

// handshakeRows are the accepted differences. The first match counts.
var handshakeRows = []handshakeRow{
	{
		"gorilla coder gobwas gws xnet",
		"accepts a Sec-WebSocket-Extensions field that does not follow its grammar",
		"9.1", abnf, "ours", accepts("Sec-WebSocket-Extensions: header field does not follow its grammar"),
	},
	{
		"gorilla coder gobwas gws xnet", "accepts more than one Sec-WebSocket-Version field",
		"11.3.5", "However, the |Sec-WebSocket-Version| header field MUST NOT appear more than once in an " +
			"HTTP request.", "ours",
		accepts("Sec-WebSocket-Version must be 13, but is repeated"),
	},
	{
		"gorilla", "accepts a list of versions that contains 13",
		"4.2.1", "A |Sec-WebSocket-Version| header field, with a value of 13.", "ours",
		accepts("Sec-WebSocket-Version must be 13, not"),
	},
	{
		"gorilla gobwas gws xnet", "accepts more than one Sec-WebSocket-Key field",
		"11.3.1", "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request.",
		"ours",
		accepts("Sec-WebSocket-Key is repeated"),
	},
	{
		"coder gobwas gws xnet", "accepts a key that is not 16 bytes, or is surrounded by non-ASCII spaces",
		"4.2.1", "A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 of [RFC4648]) " +
			"value that, when decoded, is 16 bytes in length.", "ours",
		accepts("Sec-WebSocket-Key is not 16 bytes in base64"),
	},
	{
		"gorilla coder gobwas gws xnet", "accepts a request with a body",
		"RFC 9110, 9.3.1", "content received in a GET request has no generally defined semantics, cannot " +
			"alter the meaning or target of the request, and might lead some implementations to reject " +
			"the request and close the connection because of its potential as a request smuggling attack",
		"ours",
		accepts("the request has a body", "chunked body: "), // its end is missing or malformed
	},
	{
		"gobwas gws xnet", "leaves the check of the origin to the application",
		"10.2", "The server MAY use this information as part of a determination of whether to accept the " +
			"incoming connection. If the server does not validate the origin, it will accept connections " +
			"from anywhere.", "both",
		accepts("(status 403): ", "Origin is repeated"),
	},
	{
		"gorilla coder gobwas gws xnet", "has no separate limit on the Sec-WebSocket fields",
		"RFC 6585, 5", "The 431 status code indicates that the server is unwilling to process the request " +
			"because its header fields are too large.", "both",
		accepts("the Sec-WebSocket fields have"),
	},
	{
		"gorilla coder", "accepts several Origin fields, and reads only the first",
		"RFC 6454, 7.3", "The user agent MUST NOT include more than one Origin header field in any HTTP " +
			"request.", "ours",
		accepts("Origin is repeated"),
	},
	{
		"gorilla coder", "compares only the host of an origin that is not valid or not of a web page: " +
			"with a path, a user, no scheme, 513 bytes, or empty",
		"RFC 6454, 7.1", `serialized-origin = scheme "://" host [ ":" port ]`, "ours",
		func(d *dispute) bool {
			u, err := url.Parse(d.r.Header.Get("Origin"))
			return accepts("(status 403): ")(d) && err == nil &&
				(u.String() == "" || strings.EqualFold(u.Host, d.r.Host))
		},
	},
	{
		"gorilla coder", "compares an origin with the Host field as text, so that the default port of the " +
			"scheme makes a difference",
		"RFC 6454, 5", "If the two origins are scheme/host/port triples, the two origins are the same if, " +
			"and only if, they have identical schemes, hosts, and ports.", "ours",
		refuses("request origin not allowed", "request Origin", "parse Origin header"),
	},
	{
		"coder gobwas gws xnet", "accepts a Kelvin sign for the k in websocket, or a long s for the s",
		"4.2.1", upgrade, "ours", accepts("the Upgrade field does not name websocket"),
	},
	{
		"gorilla gws xnet", "accepts an HTTP/1.0 request",
		"4.2.1", `An HTTP/1.1 or higher GET request, including a "Request-URI" that should be interpreted ` +
			`as a /resource name/ defined in Section 3`, "ours",
		accepts("HTTP/1.1 is needed"),
	},
	{
		"coder gobwas gws xnet",
		"accepts a Connection field in which the word upgrade is not a token of the list: anywhere, after " +
			"another word without a comma, or next to non-ASCII spaces",
		"4.2.1", connection, "ours", accepts("the Connection field does not name Upgrade"),
	},
	{
		"gorilla gobwas gws xnet", "refuses an Upgrade field that names another protocol too",
		"4.2.1", upgrade, "ours",
		func(d *dispute) bool {
			return refuses()(d) && !strings.EqualFold(d.r.Header.Get("Upgrade"), "websocket")
		},
	},
	{
		"gorilla gobwas gws xnet",
		"refuses a Connection list with empty or malformed elements, or two fields of which the second " +
			"names Upgrade",
		"4.2.1", connection, "ours",
		func(d *dispute) bool {
			values := d.r.Header.Values("Connection")
			return refuses()(d) && (len(values) > 1 || !strings.EqualFold(values[0], "upgrade"))
		},
	},
	{
		"gobwas", "refuses the request for an offer of permessage-deflate that it could decline, or that " +
			"has spaces around equals signs",
		"RFC 7692, 7", decline, "ours", refuses("wsflate: ", "malformed HTTP request"),
	},
	{
		"coder gobwas gorilla gws", "accepts an offer of permessage-deflate that must be declined",
		"RFC 7692, 7", decline, "ours", deflates(false, true),
	},
	{
		"coder gobwas gorilla gws",
		"declines an offer of permessage-deflate that we accept: with a window that it does not support, " +
			"or in a list with empty elements or after other offers",
		"4.2.2", ready, "both", deflates(true, false),
	},
	{
		"coder", "accepts a subprotocol in another case than the server's",
		"4.2.2", chosen, "ours",
		chooses(func(ours, theirs string) bool {
			return ours != theirs && !slices.Contains(protocols, theirs) &&
				slices.ContainsFunc(protocols, func(p string) bool { return strings.EqualFold(p, theirs) })
		}),
	},
	{
		"gorilla", "reads only the first Sec-WebSocket-Protocol field",
		"11.3.4", "The |Sec-WebSocket-Protocol| header field MAY appear multiple times in an HTTP request " +
			"(which is logically the same as a single |Sec-WebSocket-Protocol| header field that contains " +
			"all values).", "ours",
		func(d *dispute) bool {
			return d.theirs.accepted && d.ours.protocol != "" && d.theirs.protocol != d.ours.protocol &&
				len(d.r.Header.Values("Sec-WebSocket-Protocol")) > 1
		},
	},
	{
		"gobwas", "reads the token before a space as a subprotocol, where we find no valid name in the " +
			"element",
		"4.2.2", chosen, "ours",
		chooses(func(ours, theirs string) bool { return ours == "" && slices.Contains(protocols, theirs) }),
	},
	{
		"gobwas", "chooses the subprotocol that the client prefers, where we choose the one that the " +
			"server prefers",
		"4.2.2", chosen, "both",
		chooses(func(ours, theirs string) bool { return ours == protocols[0] && theirs == protocols[1] }),
	},
}

// acceptHandshake returns the index of the first row that matches a dispute, or -1.
func acceptHandshake(d *dispute) int {
	return slices.IndexFunc(handshakeRows, func(r handshakeRow) bool {
		return slices.Contains(strings.Fields(r.libraries), d.name) && r.match(d)
	})
}
