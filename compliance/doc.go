// Package compliance runs the conformance suite of package suite as tests of Go: one
// call for a server, one for a client, and each case is a subtest.
//
//	func TestConformance(t *testing.T) {
//		compliance.TestServer(t, myHandler, nil)
//	}
//
// then go test -run 'TestConformance/5.19' runs one case. The command wscheck, in
// cmd/wscheck, does the same for servers and clients in any language, and writes a
// report; package autobahn drives the original suite.
package compliance
