// Package suite tests the conformance of WebSocket servers and clients to RFC 6455 and RFC 7692
// (permessage-deflate). It has the cases of the Autobahn test suite, with the same ids and verdicts, and
// cases that Autobahn lacks, on the opening handshake, lengths, extensions, resources and clients.
//
// [TestServer] tests a server, [Server] tests clients, and [RunCases] runs cases against any other peer.
// Package report writes the results.
//
// # Layout
//
// The prefix of a file name tells its part:
//
//	cases_*       tables of cases; cases.go lists all groups
//	rows*         builders of the rows of those tables
//	rules*        sentences of the RFCs that several cases test
//	peer*         our end of a connection in numbered cases: events, and verdicts by Autobahn's rules
//	script*       our end of a connection in the letter groups: a function that sends and waits
//	run*          the runner: which case runs when, whether the server is alive, which case runs again
//	inflate*      a strict inflater and a crafter of DEFLATE data; deflate* is the codec of our end
//	echo*         the messages of groups 12 and 13, and a cache of their compressed form
//	frame*, head, outbox, target    frames, HTTP heads, queued writes, and the server under test
//
// # Adding a case
//
// Case ids that begin with a digit are Autobahn's and do not change. A new case goes into a
// letter group: H, the opening handshake of servers; L, lengths and masks; X, extensions; R, resources;
// C, clients.
//
//  1. Find the group in the table letterGroups of cases.go. It names the function that returns the rows, and
//     the file of that function has the table.
//  2. Add a row at the end of the table, so that all other cases keep their ids. A row has a
//     description, an expectation, the rule of an RFC (rules.go) and a function that plays the case on
//     a [script]. The helpers in rows_*.go make the rows of most handshake cases.
//  3. In the function, end the case with a verdict: s.broke if the peer broke the rule of the case,
//     s.against if it broke another rule, s.inform if no rule decides. A plain return means OK.
//  4. Show in cases_broken_test.go that a defect of internal/broken or of a helper in peer_helpers_test.go
//     fails the case, and that hawser's own server or client passes it.
//
// A new group is one line in letterGroups, which also has the title that reports show.
package suite
