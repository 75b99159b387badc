// Package wstest helps to test programs that use WebSockets. It needs no network, no certificates
// and no free port, and it works in the bubbles of [testing/synctest], where minutes pass at once.
//
//   - [NetDial] connects a client to an [http.Handler]. It is for tests of a whole program: set
//     DialOptions.NetDial, and dial any URL.
//   - [Pair] returns both ends of a connection. It is for tests of functions that take a
//     [websocket.Conn].
//   - A [Peer] sends and expects frames as a test tells it, right or wrong ones. Over a connection
//     from NetDial, it is the client of a handler. Over one end of a [Pipe], whose other end
//     DialOptions.NetDial returns, it is the server of a client.
//   - [Faults] cut, stall or reset a connection at any byte, also during the opening handshake.
//   - [Pipe] is the transport of all of them: a TCP connection in memory.
//
// # Time
//
// In a bubble, time passes only while everything waits, and then at once. This test takes an hour
// of the bubble's time. The function follow, which is tested, dials again 5 seconds after it has
// lost a connection. Both sides use keepalive, or they would wait forever. The bubble ends only
// when every goroutine has ended, so the test also shows that nothing is leaked.
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
//			// Each connection lasts 10 minutes, at most 47.5 seconds until follow has noticed, and the 5
//			// seconds until it dials again.
//			if len(received) != 6 {
//				t.Errorf("%d connections in an hour", len(received))
//			}
//		})
//	}
package wstest
