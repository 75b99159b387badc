// Package suite tests the conformance of WebSocket servers and clients to RFC 6455 and RFC 7692
// (permessage-deflate). It has the cases of the Autobahn test suite, with the same ids and verdicts, and
// cases that Autobahn lacks: on the opening handshake, lengths, extensions, resources and clients.
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
//	driver    our end of a connection in a numbered case: it handles events, by Autobahn's rules
//	script    our end of a connection in a letter case: a function that sends and waits
//	run       the runner: which cases run at once, which run again, whether the server is alive
//	inflate   a strict inflater, and a writer of unusual DEFLATE data
//	deflate   permessage-deflate at our end
//	echo      the messages of groups 12 and 13, and a cache of their compressed form
//
// case.go and options.go have the rest of the API. frame.go, head.go, log.go, outbox.go and target.go have
// what driver and script share.
//
// # Adding a case
//
// Numbered cases, whose ids begin with a digit, are Autobahn's and do not change. A new case is a letter
// case. The letter groups are H, the opening handshake of servers; L, lengths and masks; X, extensions;
// R, resources; and C, clients. Each has subgroups, such as H.1.
//
//  1. Find the subgroup in the table letterSubgroups in cases.go. It names the function that returns
//     the rows of the subgroup.
//  2. Add a row after the last one, so that all other cases keep their ids. A row is a letterCase: a
//     description, an expectation, the rule of an RFC, and a function play that plays the case on a
//     script. For most cases on the opening handshake, a function in rows_handshake.go (servers) or
//     rows_client.go (clients) builds the row.
//  3. In play, call s.broke if the peer breaks the rule of the case, s.against if it breaks another
//     rule, and s.inform if no rule decides. All three end play. If play returns, the verdict is OK,
//     or the one that s.setVerdict has set.
//  4. In cases_broken_test.go, list the case with a defect of compliance/internal/broken that it
//     detects; or show in another test that it fails a peer of peer_helpers_test.go or
//     frame_helpers_test.go.
//  5. Run TestHawserServer and TestHawserClient, in which hawser has to pass every letter case. Cases
//     that are Idle run only if HAWSER_FULL is set.
//  6. Update the number of cases in README.md and compliance/README.md.
//
// A new subgroup is one more line in letterSubgroups.
package suite
