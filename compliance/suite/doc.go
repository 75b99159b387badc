// Package suite tests the conformance of WebSocket servers and clients to RFC 6455 and RFC 7692
// (permessage-deflate). It has the cases of the Autobahn test suite, with the same ids and verdicts, and
// cases that Autobahn lacks, on the opening handshake, lengths, extensions, resources and clients.
//
// [TestServer] tests a server, [Server] tests clients, and [RunCases] runs cases against any other peer.
// Package report writes the results.
//
// # Layout
//
// The peer is the implementation under test. Each file name begins with the part of the suite that it
// belongs to:
//
//	cases     the cases, in tables; cases.go lists all groups
//	rows      builders of the rows of those tables
//	rules     rules of the RFCs that several cases test
//	driver    our end of a connection in numbered groups: it handles events, by Autobahn's rules
//	script    our end of a connection in the letter groups: a function that sends and waits
//	run       the runner: which cases run at once, which run again, whether the server is alive
//	inflate   a strict inflater, and a writer of unusual DEFLATE data
//	deflate   permessage-deflate of our end
//	echo      the messages of groups 12 and 13, and a cache of their compressed form
//
// frame.go, head.go, outbox.go and target.go have what driver and script share.
//
// # Adding a case
//
// Case ids that begin with a digit are Autobahn's and do not change. A new case goes into a
// letter group: H, the opening handshake of servers; L, lengths and masks; X, extensions; R, resources;
// C, clients.
//
//  1. Find the group in the table letterGroups of cases.go. It names the function that returns the
//     rows of the group.
//  2. Add a row at the end of that function, so that all other cases keep their ids. A row has a
//     description, an expectation, the rule of an RFC and a function that plays the case on a [script].
//     The helpers of rows_*.go make the rows of most handshake cases.
//  3. In the function, call s.broke if the peer breaks the rule of the case, s.against if it breaks
//     another rule, and s.inform if no rule decides. If the function returns, the verdict is OK.
//  4. Add the case to cases_broken_test.go with a defect that it detects (internal/broken), or show in
//     another test that a peer of peer_helpers_test.go fails it. TestHawserServer and TestHawserClient
//     run every case.
//
// A new group is one line in letterGroups.
package suite
