// Package autobahn runs the original Autobahn testsuite, version 25.10.1,
// against a WebSocket server or against hawser's own client, and reads its
// verdicts.
//
// The suite is a Python 2.7 program called wstest. In the mode fuzzingclient it
// connects to a server once for each of its 517 cases; in the mode fuzzingserver
// it waits for a client to ask for them. Either way it leaves index.json in a
// report directory:
//
//	{"agent": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", ...}}}
//
// behavior judges what was said while the connection was open, behaviorClose how
// it was closed. This package accepts OK and INFORMATIONAL in both, nothing else:
// NON-STRICT (right, but later than it could be), UNCLEAN (the TCP connection
// ended without the closing handshake of RFC 6455, section 7.1.4) and
// UNIMPLEMENTED (an extension was declined) all count as falling short.
//
// [Run] does one run with whatever wstest it is told of or finds: a program on
// this machine, or the suite's own image in a docker engine. [Install] puts a
// wstest in a directory, with every version pinned.
//
// wstest by itself listens on every interface of the machine. Started from here
// it listens on loopback only, and a wstest for which that cannot be had is not
// started as a server.
package autobahn
