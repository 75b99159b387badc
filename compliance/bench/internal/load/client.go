package load

import (
	"fmt"
	"net/netip"

	"github.com/hawser-ws/hawser/wire"
)

// A peer is a connection, or a succession of connections.
type peer interface {
	// start begins an exchange.
	start() error

	// ready continues the exchange after the connection has become readable or writable. in is the buffer for
	// reading. When the exchange is complete, ready returns the number of its messages.
	ready(in []byte) (messages int, err error)

	close()
}

// A client is a connection that exchanges batches.
type client struct {
	load    *Load
	index   int
	s       socket
	batches []Batch
	next    int
	n       int    // exchanges
	out     []byte // what has not been written
	echo    echo
}

// wholeEvery is how often a long echo is compared completely.
const wholeEvery = 16

func (c *client) start() error {
	b := &c.batches[c.next]
	c.next = (c.next + 1) % len(c.batches)
	c.echo.expect(b, len(b.Want) <= 8<<10 || c.n%wholeEvery == 0)
	c.n++
	c.out = b.Frames
	return c.write(false)
}

// write writes as much as it can without blocking. The load watches the socket until all is written.
func (c *client) write(watched bool) error {
	n, err := c.s.write(c.out)
	if err != nil {
		return ended(err)
	}
	c.out = c.out[n:]
	if rest := len(c.out) > 0; rest != watched {
		err = c.load.watchWrites(c.s, c.index, rest)
	}
	return err
}

func (c *client) ready(in []byte) (messages int, err error) {
	if len(c.out) > 0 {
		if err := c.write(true); err != nil {
			return 0, err
		}
	}
	n, err := c.s.read(in)
	if err != nil {
		return 0, ended(err)
	}
	done, err := c.echo.take(in[:n])
	if done && len(c.out) > 0 {
		return 0, fmt.Errorf("%w: it came before the message was sent", ErrDiffers)
	}
	if done {
		messages = c.batches[0].Messages
	}
	return messages, err
}

// ended returns the error of a connection on which reading or writing failed.
func ended(err error) error { return fmt.Errorf("the server ended a connection: %w", err) }

func (c *client) close() { c.s.close() }

// Received returns the size of the payloads of all echoes so far.
func (l *Load) Received() (bytes int64) {
	for _, p := range l.peers {
		if c, ok := p.(*client); ok {
			bytes += c.echo.received
		}
	}
	return bytes
}

// source returns the address from which the i-th connection comes. With many addresses, the ports do not run
// out while ended connections wait in the system.
func source(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 0, byte(1 + i/250%250), byte(1 + i%250)})
}

// Dial opens n connections that exchange batches, or nothing if there are none.
func Dial(addr string, n int, batches []Batch) (*Load, error) {
	l, err := newLoad(addr)
	if err != nil {
		return nil, err
	}
	l.batches = batches
	return l.open(n)
}

// DialDeflate opens n connections that exchange compressed messages.
func DialDeflate(addr string, n int, c Compression, messages [][]byte) (*Load, error) {
	l, err := newLoad(addr)
	if err != nil {
		return nil, err
	}
	l.compression, l.messages = c, messages
	return l.open(n)
}

// together is how many opening handshakes are under way at the same time.
const together = 64

// open opens n connections. If it fails, it closes l.
func (l *Load) open(n int) (*Load, error) {
	req, ext := request(l.addr.String(), l.compression.offer()), l.compression.extension()
	for n > 0 {
		some := min(n, together)
		if err := l.openSome(some, req, ext); err != nil {
			l.Close()
			return nil, err
		}
		n -= some
	}
	return l, nil
}

// openSome opens n connections at the same time.
func (l *Load) openSome(n int, req []byte, ext wire.Extension) error {
	var opened []*client
	for range n {
		c := &client{load: l, index: len(l.peers), batches: l.batches}
		if l.compression == Plain && len(c.batches) > 0 {
			c.next = c.index % len(c.batches)
		}
		if err := c.connect(req); err != nil {
			return err
		}
		opened = append(opened, c)
	}
	for _, c := range opened {
		if err := c.upgrade(ext); err != nil {
			return err
		}
	}
	return nil
}

// connect connects and sends the request of the opening handshake.
func (c *client) connect(req []byte) (err error) {
	l := c.load
	if c.s, err = dial(l.addr, source(c.index)); err != nil {
		return err
	}
	l.peers = append(l.peers, c)
	if err := l.watch(c.s, c.index); err != nil {
		return err
	}
	_, err = c.s.write(req)
	return err
}

// upgrade waits for the response.
func (c *client) upgrade(ext wire.Extension) error {
	l := c.load
	answer, err := response(c.s, l.in)
	if err != nil {
		return err
	}
	if c.echo.session, err = l.compression.session(ext, answer); err != nil || c.echo.session == nil {
		return err
	}
	if l.batches == nil {
		l.batches, err = compress(c.echo.session, l.messages)
	}
	c.batches = l.batches
	return err
}
