package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A duel is a Conn and its hostile peer.
type duel struct {
	run
	script  *script.Peer
	conn    *websocket.Conn
	peer    net.Conn
	session wire.Session // as the Conn's, to decode what the peer sends in one piece

	heard     []byte        // by the peer, after the handshake
	heardAll  chan struct{} // closed when there is no more
	quiet     sync.Mutex
	deafUntil time.Time

	got      []order.Got
	sent     []order.Sent
	final    error
	closeErr error
}

// Peer performs the script of the bytes b, and reports all that should not be.
func Peer(t *testing.T, b []byte) {
	s := script.ParsePeer(b)
	watch(t, s, func(t *testing.T) {
		d := &duel{script: s, heardAll: make(chan struct{})}
		before := allocated()
		d.perform()
		grown := allocated() - before
		limit := 32<<20 + 40*(len(s.Stream())+len(d.heard))
		if s.Form == script.ByTimedReads || s.Form == script.ByRacedReads {
			limit += maxCancels * 4 * (128<<10 + len(s.Stream()))
			if s.Side.Extension >= script.FirstExtension { // what has come may be a bomb
				limit += maxCancels * 2 * int(max(s.Side.MaxMessage, websocket.DefaultMaxMessage))
			}
		}
		if grown > uint64(limit) {
			d.fault("%d bytes were allocated, over %d", grown, limit)
		}
		report(t, s, d.faults)
	})
}

// allocated returns how many bytes the process has allocated, ever.
func allocated() uint64 {
	m := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64()
}

// perform performs the script.
func (d *duel) perform() {
	l := d.script.Link
	link, a, b := pipe.New(pipe.Options{
		Room: l.Room, ReadChop: l.ReadChop, WriteChop: l.WriteChop,
		Stalls: l.Stalls, HalfClose: l.HalfClose, Seed: l.Seed,
	})
	d.link, d.peer = link, b
	stream := d.script.Stream()
	br, err := d.handshake(a, stream[:min(d.script.Early, len(stream))])
	if err != nil {
		d.fault("handshake: %w", err)
		link.Drop()
		return
	}
	link.Spoil()
	var all sync.WaitGroup
	begun := time.Now()
	all.Go(d.read)
	all.Go(d.write)
	all.Go(func() { d.listen(br) })
	if d.script.CloseAfter > 0 {
		all.Go(func() {
			time.Sleep(d.script.CloseAfter)
			d.closeErr = d.conn.Close(context.Background(), websocket.StatusNormalClosure, "enough")
		})
	}
	d.attack()
	over := time.Now()
	all.Wait()
	if took := time.Since(over); took > 80*time.Second {
		d.fault("the Conn lived for %v after its peer", took)
	}
	if took := time.Since(begun); took > patience {
		d.fault("it took %v", took)
	}
	s := side{run: &d.run, conn: d.conn}
	if d.conn.Context().Err() == nil {
		d.fault("the reader is done, and the connection lives")
		d.conn.CloseNow()
	}
	s.afterwards()
	if d.session != nil {
		defer d.session.Close()
	}
	d.judge(stream)
}

// extension is the extension and what the peer says of it in its handshake.
func (d *duel) extension() (wire.Extension, string) {
	all := extensions()[d.script.Side.Extension]
	if all == nil {
		return nil, ""
	}
	field := "permessage-deflate"
	switch {
	case d.script.Server && d.script.Takeover:
		field += "; client_max_window_bits"
	case d.script.Server:
		field += "; client_no_context_takeover"
	case d.script.Side.Extension >= 14 || !d.script.Takeover:
		field += "; server_no_context_takeover"
	}
	return all[0], field
}

// handshake makes the Conn, with a few bytes of the stream behind the peer's half.
func (d *duel) handshake(nc net.Conn, early []byte) (br *bufio.Reader, err error) {
	made := make(chan error, 1)
	limits := limits(d.script.Side)
	limits.MaxEmptyFragments = d.script.Empty
	br = bufio.NewReader(d.peer)
	ext, field := d.extension()
	if d.script.Server {
		go func() {
			var err error
			d.conn, err = accept(nc, extensions()[d.script.Side.Extension], limits)
			made <- err
		}()
		head := "GET / HTTP/1.1\r\nHost: fuzz.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		if ext != nil {
			head += "Sec-WebSocket-Extensions: " + field + "\r\n"
			offers, _ := wire.ParseExtensions([]string{field})
			_, d.session, _ = ext.Accept(slices.Values(offers))
		}
		if _, err := d.peer.Write(append([]byte(head+"\r\n"), early...)); err != nil {
			return nil, err
		}
		resp, err := http.ReadResponse(br, nil)
		if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
			err = errors.New(resp.Status)
		}
		return br, errors.Join(err, <-made)
	}
	go func() {
		var err error
		d.conn, err = dial(nc, extensions()[d.script.Side.Extension], limits)
		made <- err
	}()
	r, err := http.ReadRequest(br)
	if err != nil {
		return nil, errors.Join(err, <-made)
	}
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + wire.AcceptKey(r.Header.Get("Sec-WebSocket-Key")) + "\r\n"
	if ext != nil {
		head += "Sec-WebSocket-Extensions: " + field + "\r\n"
		answer, _ := wire.ParseExtensions([]string{field})
		d.session, err = ext.Confirm(answer[0])
	}
	if err == nil {
		_, err = d.peer.Write(append([]byte(head+"\r\n"), early...))
	}
	return br, errors.Join(err, <-made)
}

// attack performs the peer's steps.
func (d *duel) attack() {
	early := d.script.Early
	for _, step := range d.script.Steps {
		switch step.Kind {
		case script.Send:
			n := min(early, len(step.Bytes))
			early -= n
			d.peer.Write(step.Bytes[n:]) // fails if the Conn has ended, which is judged elsewhere
		case script.Pause:
			time.Sleep(step.Time)
		case script.StopsRead:
			d.quiet.Lock()
			d.deafUntil = time.Now().Add(step.Time)
			d.quiet.Unlock()
		case script.HalfClose:
			if c, ok := d.peer.(interface{ CloseWrite() error }); ok {
				c.CloseWrite()
			} else {
				d.peer.Close()
			}
			return
		case script.Abort:
			d.link.Drop()
			return
		}
	}
	// What the Conn has to say it says before long.
	select {
	case <-d.heardAll:
	case <-time.After(20 * time.Second):
	}
	d.peer.Close()
}

// listen gathers what the Conn sends.
func (d *duel) listen(br *bufio.Reader) {
	defer close(d.heardAll)
	p := make([]byte, 32<<10)
	for {
		d.quiet.Lock()
		wait := time.Until(d.deafUntil)
		d.quiet.Unlock()
		time.Sleep(wait)
		n, err := br.Read(p)
		d.heard = append(d.heard, p[:n]...)
		if err != nil {
			return
		}
	}
}

// write has the Conn send its messages.
func (d *duel) write() {
	s := side{run: &d.run, conn: d.conn, base: context.Background()}
	for i := range d.script.Writes {
		o := &d.script.Writes[i]
		m := order.Sent{Type: byte(typeOf(o.Text)), Begin: int64(2 * i), End: int64(2*i + 1)}
		m.Data = script.Payload(fmt.Sprintf("write %d ", i), o.Size(), o.Fill, o.Text, i)
		begun := time.Now()
		m.Fate = s.whole(context.Background(), o, m.Data)
		if took, most := time.Since(begun), d.mostOfWrite(); took > most {
			d.fault("a write took %v, more than %v", took, most)
		}
		d.sent = append(d.sent, m)
	}
}

// mostOfWrite is how long a write may take: WriteTimeout, and as long for who writes
// before it, each time that the peer does not read.
func (d *duel) mostOfWrite() time.Duration {
	limit := orDefault(d.script.Side.WriteTimeout, websocket.DefaultWriteTimeout)
	if limit < 0 {
		return patience
	}
	most := 2*limit + 2*pipe.MaxStalls
	for _, step := range d.script.Steps {
		if step.Kind == script.StopsRead {
			most += 2 * limit
		}
	}
	return most
}

// maxCancels is how many reads are cancelled at most: each allocates what has come of
// its message anew.
const maxCancels = 60

// read reads until the connection ends.
func (d *duel) read() {
	for n := 0; d.final == nil; n++ {
		ctx, cancel := context.Background(), func() {}
		switch {
		case n >= maxCancels:
		case d.script.Form == script.ByTimedReads:
			ctx, cancel = context.WithTimeout(ctx, 3*time.Millisecond)
		case d.script.Form == script.ByRacedReads:
			ctx, cancel = context.WithCancel(ctx)
			go cancel()
		}
		typ, b, err := d.readOne(ctx)
		switch {
		case err == nil:
			d.got = append(d.got, order.Got{Type: byte(typ), Data: b})
		case ctx.Err() == nil || errors.Is(err, net.ErrClosed) || !errors.Is(err, ctx.Err()):
			d.final = err
		}
		cancel()
	}
	if !errors.Is(d.final, net.ErrClosed) {
		d.fault("the last read: %v, which is not net.ErrClosed", d.final)
	}
}

// readOne reads a message in the form of the script.
func (d *duel) readOne(ctx context.Context) (typ websocket.MessageType, b []byte, err error) {
	switch d.script.Form {
	case script.ByAppendRead:
		typ, b, err = d.conn.AppendRead(ctx, make([]byte, 0, d.script.Buffer))
	case script.ByReader:
		var r *websocket.MessageReader
		if r, err = d.conn.Reader(ctx); err != nil {
			return 0, nil, err
		}
		var all bytes.Buffer
		_, err = io.CopyBuffer(struct{ io.Writer }{&all}, r, make([]byte, d.script.Buffer))
		return r.Type(), all.Bytes(), err
	case script.ByMessages:
		for m, err := range d.conn.Messages(ctx) {
			d.takeMemory()
			return m.Type, bytes.Clone(m.Data), err
		}
		return 0, nil, context.Cause(d.conn.Context())
	default:
		typ, b, err = d.conn.Read(ctx)
	}
	return typ, b, err
}
