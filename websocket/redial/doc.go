// Package redial keeps a client connected. Whenever the connection has ended, it waits a little and
// dials again.
//
// [Conns] returns an iterator over connections. The body of the loop uses one connection. As the
// body begins anew with each connection, it is also the place to subscribe again and to resume:
//
//	for c, err := range redial.Conns(ctx, url, nil) {
//		if err != nil {
//			return err // the server has refused for good, or ctx has ended
//		}
//		if err := subscribe(ctx, c, lastID); err != nil {
//			continue
//		}
//		for m, err := range c.Messages(ctx) {
//			…
//		}
//	}
//
// A program that has a loop of its own can call [RetryAfter], which says whether and when to dial
// again. [Classify] says why a connection ended, or could not be opened.
package redial
