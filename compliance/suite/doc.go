// Package suite is a conformance suite for WebSockets: RFC 6455 and
// permessage-deflate, RFC 7692. It has the cases of the Autobahn suite with their
// ids, and verdicts by the same rules, and cases of its own for what that one leaves
// out: the opening handshake, lengths, extensions, resources, clients.
//
// [TestServer] tests a server. The results are for package report.
package suite
