// Package compliance runs the conformance suite of package suite as tests of Go: one
// call for a server, one for a client, and each case is a subtest.
//
//	func TestServer(t *testing.T) {
//		compliance.TestServer(t, myHandler, nil) // an echo
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
//					return nil // as the suite ends it
//				}
//				if err := conn.Write(ctx, kind, message); err != nil {
//					return err
//				}
//			}
//		}, nil)
//	}
//
// Then go test -run 'TestServer/^5.19$' runs one case. Cases that are known to fall
// short are listed in [Options], with the reason; they run all the same.
//
// The command wscheck, in cmd/wscheck, does the same for servers and clients in any
// language; package autobahn drives the original suite.
package compliance
