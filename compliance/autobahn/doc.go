// Package autobahn runs the original Autobahn test suite, version 25.10.1, against a
// WebSocket server or a WebSocket client, and reads its verdicts.
//
// The suite is a Python 2.7 program called wstest. In fuzzingclient mode it connects to a
// server once for each of its 517 cases. In fuzzingserver mode it waits for a client that
// asks for the cases. In both modes it writes index.json to a report directory:
//
//	{"agent": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", ...}}}
//
// behavior is the verdict on the open connection, and behaviorClose is the verdict on how the
// connection was closed. A case passes if both verdicts are OK or INFORMATIONAL. Any other
// verdict means that the case fell short, including NON-STRICT (the peer failed the connection
// later than it could have), UNCLEAN (TCP was closed without the closing handshake of
// RFC 6455, section 7.1.4) and UNIMPLEMENTED (the peer declined an extension).
//
// [Run] runs wstest, which is either a program on this machine or the suite's own Docker
// image. [Install] installs wstest into a directory, with every version pinned.
//
// By default, wstest listens on every interface of the machine. This package makes it listen
// on loopback only. It does not run a wstest as a server that it cannot restrict in this way.
package autobahn
