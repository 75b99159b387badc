package play

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/order"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A peerRun runs the script of a Conn and its hostile peer.
type peerRun struct {
	run
	script  *script.Peer
	*side   // the Conn's
	peer    net.Conn
	session wire.Session // with the Conn's parameters, to decode the peer's messages in one piece

	received    []byte        // by the peer, after the handshake
	receivedAll chan struct{} // closed at the end of the stream
	pausing     sync.Mutex    // guards pausedUntil
	pausedUntil time.Time

	writes []order.Sent
	result chan error    // for the Handler's Serve to return
	served chan struct{} // closed when the Handler has returned
	ends   sync.WaitGroup
	took   time.Duration // the duration of the run
}

// Peer runs the script of the bytes b, and reports all faults.
func Peer(t *testing.T, b []byte) {
	s := script.ParsePeer(b)
	watch(t, s, func(t *testing.T) {
		d := &peerRun{
			script:      s,
			receivedAll: make(chan struct{}), result: make(chan error, 1), served: make(chan struct{}),
		}
		d.side = &side{run: &d.run, index: client, cfg: s.Side, base: context.Background()}
		if s.Server {
			d.index = server
		}
		before := allocated()
		d.perform()
		grown := allocated() - before
		limit := 32<<20 + 40*(len(s.Stream())+len(d.received))
		if s.Form == script.ByTimedReads || s.Form == script.ByRacedReads {
			limit += maxCancels * 4 * (128<<10 + len(s.Stream()))
			if s.Side.Extension >= script.FirstExtension { // a partial message may be a bomb
				limit += maxCancels * 2 * int(max(s.Side.MaxMessage, websocket.DefaultMaxMessage))
			}
		}
		if grown > uint64(limit) {
			d.fault("%d bytes were allocated, over the limit of %d", grown, limit)
		}
		report(t, s, d.faults)
	})
}

func (d *peerRun) fault(format string, args ...any) { d.run.fault(format, args...) }

// allocated returns the number of bytes that the process has allocated since its start.
func allocated() uint64 {
	m := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64()
}

// perform runs the script.
func (d *peerRun) perform() {
	link, a, b := newLink(d.script.Link)
	d.link, d.peer = link, b
	d.tap, a = newTap(link, 0, a)
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
			d.close(&script.Op{Kind: script.Close, Code: 1000, Reason: "enough"})
		})
	}
	d.attack()
	over := time.Now()
	all.Wait()
	d.ends.Wait()
	if took := time.Since(over); took > 80*time.Second {
		d.fault("the Conn was open for %v after its peer had ended", took)
	}
	if took := time.Since(begun); took > scriptTimeout {
		d.fault("it took %v", took)
	}
	d.took = time.Since(begun)
	d.awaitEnd()
	if d.handled() {
		d.endServe(nil)
		<-d.served
	}
	synctest.Wait()
	if d.session != nil {
		defer d.session.(io.Closer).Close()
	}
	d.check(stream)
	d.afterwards()
}

// extension returns the extension of the Conn, and the peer's field for it in the handshake.
func (d *peerRun) extension() (wire.Extension, string) {
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
	default: // accept the window that the first offer asks for
		for _, p := range all[0].Offer(nil)[0].Params {
			if p.Name == "server_max_window_bits" {
				field += "; " + p.Name + "=" + p.Value
			}
		}
	}
	return all[0], field
}

// handshake makes the Conn. The peer sends early, the first bytes of its stream, together
// with its part of the handshake.
func (d *peerRun) handshake(nc net.Conn, early []byte) (br *bufio.Reader, err error) {
	made := make(chan error, 1)
	limits := limits(d.script.Side)
	limits.MaxEmptyFragments = d.script.Empty
	br = bufio.NewReader(d.peer)
	ext, field := d.extension()
	if d.script.Server {
		go func() {
			made <- d.serve(nc, limits)
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

// handled reports whether the Conn is that of a Handler.
func (d *peerRun) handled() bool {
	return d.script.Server && slices.ContainsFunc(d.script.Steps, func(s script.Step) bool {
		return s.Kind == script.ConnClosesWith
	})
}

// serve makes the Conn of a server, by Accept or by a Handler.
func (d *peerRun) serve(nc net.Conn, limits websocket.Limits) (err error) {
	ext := extensions()[d.script.Side.Extension]
	if !d.handled() {
		d.conn, err = accept(nc, ext, limits)
		return err
	}
	br := bufio.NewReader(nc)
	r, err := http.ReadRequest(br)
	if err != nil {
		return err
	}
	quiet := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	r = r.WithContext(context.WithValue(context.Background(), http.ServerContextKey, quiet))
	w := &pipe.ResponseWriter{Conn: nc, Reader: br}
	made := make(chan error, 1)
	go func() {
		defer close(d.served)
		websocket.Handler{
			Hold:    true,
			Options: &websocket.AcceptOptions{Extensions: ext, Limits: limits},
			Serve: func(_ context.Context, c *websocket.Conn) error {
				d.conn = c
				made <- nil
				return <-d.result
			},
		}.ServeHTTP(w, r)
		select {
		case made <- errors.New("the Handler refused the request"):
		default:
		}
	}()
	return <-made
}

// endServe makes the Handler's Serve return err, unless an earlier call has done so.
func (d *peerRun) endServe(err error) {
	select {
	case d.result <- err:
	default:
	}
}

// closeWith makes the Handler close the connection, or calls Close if there is no Handler.
func (d *peerRun) closeWith(o *script.Op) {
	if !d.handled() {
		d.close(o)
		return
	}
	d.beginClosing(net.ErrClosed)
	code, reason, ok := o.Sends()
	c := closing{frame: websocket.CloseFrame{Code: wire.StatusCode(code), Reason: reason}, refused: !ok}
	begun := time.Now()
	d.endServe(fmt.Errorf("served: %w", websocket.CloseWith(wire.StatusCode(o.Code), o.Reason)))
	<-d.served
	if d.conn.Context().Err() == nil {
		d.fault("the Handler left the connection open")
	}
	d.closing.Lock()
	defer d.closing.Unlock()
	d.closes = append(d.closes, c)
	d.gaveUp = d.gaveUp || time.Since(begun) >= orDefault(d.cfg.CloseTimeout, websocket.DefaultCloseTimeout)
}

// attack runs the peer's steps.
func (d *peerRun) attack() {
	early := d.script.Early
	for _, step := range d.script.Steps {
		switch step.Kind {
		case script.Send:
			n := min(early, len(step.Bytes))
			early -= n
			d.peer.Write(step.Bytes[n:]) // fails if the Conn has ended, which is checked elsewhere
		case script.Pause:
			time.Sleep(step.Time)
		case script.StopsRead:
			d.pausing.Lock()
			d.pausedUntil = time.Now().Add(step.Time)
			d.pausing.Unlock()
		case script.HalfClose:
			if c, ok := d.peer.(interface{ CloseWrite() error }); ok {
				c.CloseWrite()
			} else {
				d.peer.Close()
			}
			return
		case script.Breaks:
			d.link.Drop()
			return
		case script.Shuts:
			d.peer.Close()
			return
		case script.Vanishes:
			d.link.Vanish(1)
			return
		default:
			d.endStep(step)
		}
	}
	// The Conn must send the rest soon.
	select {
	case <-d.receivedAll:
	case <-time.After(20 * time.Second):
	}
	d.peer.Close()
}

// endStep runs a step by which the Conn's side ends the connection, or breaks its writes.
func (d *peerRun) endStep(step script.Step) {
	switch step.Kind {
	case script.ConnFailWrites:
		d.tap.failWrites(step.Count)
	case script.ConnCloses: // while the peer continues
		d.ends.Go(func() { d.close(&step.Op) })
		synctest.Wait()
	case script.ConnClosesWith:
		d.ends.Go(func() { d.closeWith(&step.Op) })
		synctest.Wait()
	case script.ConnClosesNow:
		d.closeNow()
	case script.ConnAborts:
		d.abort(step.Count > 0)
	}
}

// listen reads everything that the Conn sends.
func (d *peerRun) listen(br *bufio.Reader) {
	defer close(d.receivedAll)
	p := make([]byte, 32<<10)
	for {
		d.pausing.Lock()
		wait := time.Until(d.pausedUntil)
		d.pausing.Unlock()
		time.Sleep(wait)
		n, err := br.Read(p)
		d.received = append(d.received, p[:n]...)
		if err != nil {
			return
		}
	}
}

// write sends the messages of the Conn.
func (d *peerRun) write() {
	for i := range d.script.Writes {
		o := &d.script.Writes[i]
		m := order.Sent{Type: byte(typeOf(o.Text)), Begin: int64(2 * i), End: int64(2*i + 1)}
		m.Data = script.Payload(fmt.Sprintf("write %d ", i), o.Size(), o.Fill, o.Text, i)
		begun := time.Now()
		m.Outcome = d.whole(context.Background(), o, m.Data)
		if took, most := time.Since(begun), d.mostOfWrite(); took > most {
			d.fault("a write took %v, more than %v", took, most)
		}
		d.writes = append(d.writes, m)
	}
}

// mostOfWrite returns the time that a write may take: WriteTimeout, and the same again for a
// writer before it. Both count once more each time that the peer stops reading.
func (d *peerRun) mostOfWrite() time.Duration {
	limit := orDefault(d.script.Side.WriteTimeout, websocket.DefaultWriteTimeout)
	if limit < 0 {
		return scriptTimeout
	}
	most := 2*limit + 2*pipe.MaxStalls
	for _, step := range d.script.Steps {
		if step.Kind == script.StopsRead {
			most += 2 * limit
		}
	}
	return most
}

// maxCancels limits the number of canceled reads. Each allocates the partial message anew.
const maxCancels = 60

// read reads until the connection ends.
func (d *peerRun) read() {
	for n := 0; d.final == nil; n++ {
		if n < maxLazy {
			time.Sleep(d.script.Lazy)
		}
		ctx, cancel := context.Background(), func() {}
		switch {
		case n >= maxCancels:
		case d.script.Form == script.ByTimedReads:
			ctx, cancel = d.timed(3 * time.Millisecond)
		case d.script.Form == script.ByRacedReads:
			ctx, cancel = d.cancellable()
			go cancel()
		}
		begun := time.Now()
		typ, b, err := d.readOne(ctx)
		d.checkError(begun, ctx, "a read", err)
		if err == nil {
			d.receive(typ, b, false)
		} else {
			d.failed(ctx, "a read", err)
		}
		cancel()
	}
}

// maxLazy is the number of reads before which a lazy reader pauses.
const maxLazy = 10

// readOne reads a message as the script says.
func (d *peerRun) readOne(ctx context.Context) (typ websocket.MessageType, b []byte, err error) {
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
			d.reusePools()
			d.loopErr = err
			return m.Type, bytes.Clone(m.Data), err
		}
		d.ended, d.silent = errSilent, true
		typ, b, err = d.conn.Read(ctx)
	default:
		typ, b, err = d.conn.Read(ctx)
	}
	return typ, b, err
}
