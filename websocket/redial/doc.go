// Package redial keeps a client connected: it dials again, after a wait, whenever the connection has
// ended.
//
// [Conns] returns an iterator over connections. The body of the loop uses one connection, and is also
// the place to subscribe anew and to resume, because it begins again with each connection:
//
//	for c, err := range redial.Conns(ctx, url, nil) {
//		if err != nil {
//			return err // refused for good, or ctx has ended
//		}
//		if err := subscribe(ctx, c, lastID); err != nil {
//			continue
//		}
//		for m, err := range c.Messages(ctx) {
//			…
//		}
//	}
//
// A program with a loop of its own uses [RetryAfter] instead, which tells whether and when to dial
// again, and [Classify].
package redial
