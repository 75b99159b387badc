// Package compliance runs the conformance suite of package suite as Go tests.
// [TestServer] tests a server and [TestClient] tests a client. Each case is a subtest.
//
//	func TestServer(t *testing.T) {
//		compliance.TestServer(t, echoHandler, nil)
//	}
//
//	func TestClient(t *testing.T) {
//		compliance.TestClient(t, func(ctx context.Context, url string) error {
//			conn, err := mine.Dial(ctx, url)
//			if err != nil {
//				return err
//			}
//			defer conn.Close()
//			for {
//				kind, message, err := conn.Read(ctx)
//				if err != nil {
//					return nil // the suite ended the connection
//				}
//				if err := conn.Write(ctx, kind, message); err != nil {
//					return err
//				}
//			}
//		}, nil)
//	}
//
// To run a single case, use go test -run 'TestServer/^5.19$'. List the cases that are
// known to fall short in [Options].Known, with the reason. They still run.
//
// The command wscheck, in cmd/wscheck, tests servers and clients written in any language.
// Package autobahn drives the original Autobahn test suite.
package compliance
