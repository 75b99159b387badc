// Package redial keeps a client connected: when a connection ends, it waits a little and dials
// again.
//
// [Conns] returns an iterator over connections. The body of the loop uses one connection. It runs
// again for each new connection, so this is also the place to subscribe and to resume:
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
// For a loop of your own, [RetryAfter] says whether and when to dial again. [Classify] says why a
// connection ended or could not be opened.
package redial
