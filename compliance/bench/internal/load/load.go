package load

import (
	"net/netip"
	"time"
)

// patience is how long a connection may make no progress.
const patience = time.Minute

// A Load is a set of connections.
type Load struct {
	engine
	addr  netip.AddrPort
	peers []peer

	patience time.Duration // without any progress
	in       []byte        // what was read

	compression Compression
	messages    [][]byte // to compress
	batches     []Batch
}

func newLoad(addr string) (*Load, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	e, err := newEngine()
	return &Load{engine: e, addr: to, patience: patience, in: make([]byte, 256<<10)}, err
}

// Close closes all connections.
func (l *Load) Close() {
	for _, p := range l.peers {
		p.close()
	}
	l.engine.close()
}

// A Result is what a Run did.
type Result struct {
	Messages int
	Times    Times // of a batch, from the first byte written to the last byte read
}
