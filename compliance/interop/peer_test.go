package interop

import (
	"context"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
)

// A peer is another implementation with one connection, as peers.Exchange describes it.
type peer interface {
	// start starts a server, or a client that connects to s.URL.
	start(ctx context.Context, t *testing.T, s peers.Setup)
	// url returns where the server listens. It is empty if the server could not start.
	url() string
	// stop waits until the peer has ended its connection, or until the context of start
	// ends, and returns the peer's report.
	stop() peers.Report
}

// traits are the limits and peculiarities of a peer.
type traits struct {
	// noSmallFragments: only large messages come back in several frames.
	noSmallFragments bool
	// noFragments: messages come back in one frame each.
	noFragments bool
	// oneFrame: the peer cannot read a compressed message in several frames.
	oneFrame bool
	// dropsAfterClose: the peer does not wait for the answer to its close frame.
	dropsAfterClose bool
	// zlib: the peer compresses with 9 bits where 8 were agreed on.
	zlib bool
	// slow: the peer takes long to start.
	slow bool
	// ownWindow: as a client the peer compresses with no larger window than it has
	// offered, even if the answer has no size for it.
	ownWindow bool
}
