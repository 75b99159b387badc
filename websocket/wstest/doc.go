// Package wstest helps to test programs that use WebSockets. It needs no network, no certificates
// and no free port. It works in the bubbles of [testing/synctest], where minutes pass at once.
//
//   - [NetDial] connects a client to an [http.Handler]. To test a whole program, set
//     DialOptions.NetDial and dial any URL.
//   - [Pair] returns both ends of a connection. Use it to test functions that take a
//     [websocket.Conn].
//   - A [Peer] sends the frames that a test specifies, valid or not, and checks those that arrive.
//     It is the client of a handler over a connection from NetDial. It is the server of a client
//     over one end of a [Pipe], if DialOptions.NetDial returns the other end.
//   - [Faults] cuts, stalls or resets a connection at any byte, even during the opening handshake.
//   - [Pipe] is the transport of all of them: it behaves like a TCP connection, in memory.
//
// # Time
//
// In a bubble, time passes only while all goroutines wait, and then at once. The following test
// takes an hour of that time. It tests the function follow, which dials again 5 seconds after it
// has lost a connection. Both sides use keepalive, because they would otherwise wait forever. The
// bubble ends only when all of its goroutines have ended, so the test also shows that none is
// leaked.
//
//	func TestFollow(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			server := websocket.Handler{
//				Options: &websocket.AcceptOptions{Limits: websocket.Limits{PingInterval: 30 * time.Second}},
//				Serve: func(ctx context.Context, c *websocket.Conn) error {
//					time.AfterFunc(10*time.Minute, func() { // cuts the cable
//						wstest.Incoming(c.NetConn()).Stall()
//						wstest.Outgoing(c.NetConn()).Stall()
//					})
//					c.Write(ctx, websocket.Text, []byte("hello"))
//					_, _, err := c.Read(ctx)
//					return err
//				},
//			}
//			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
//			defer cancel()
//			var received []string
//			follow(ctx, "ws://localhost/", websocket.DialOptions{NetDial: wstest.NetDial(server)},
//				func(m string) { received = append(received, m) })
//			// A connection lasts 10 minutes. Then follow notices the cut within 47.5 seconds, and dials
//			// again 5 seconds later.
//			if len(received) != 6 {
//				t.Errorf("%d connections in an hour", len(received))
//			}
//		})
//	}
package wstest
