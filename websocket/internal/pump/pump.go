// Package pump adds deadlines to a stream that has none, such as an SSH channel. A goroutine makes
// each call of the stream, and the caller waits for its result no longer than the deadline. Nothing
// is lost after that: the next Read returns the bytes that the call has read, and the bytes that
// the call was given to write count as written, like those in a socket's buffer.
//
// Nothing is read before a call of Read or Wait. A goroutine ends when the call of the stream
// returns, so closing the stream must end its calls.
package pump

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// ChunkSize is how many bytes a Writer gives to the stream at a time.
const ChunkSize = 32 << 10

// readSize is how many bytes a Reader requests from the stream at a time.
const readSize = 16 << 10

var (
	readBuffers  = sync.Pool{New: func() any { return new([readSize]byte) }}
	writeBuffers = sync.Pool{New: func() any { return new([ChunkSize]byte) }}
)

// A half is one direction of a stream. Its fields are guarded by mu.
type half struct {
	mu      sync.Mutex
	changed sync.Cond // broadcast to waiting goroutines
	busy    bool      // a call of the stream is in progress
	closed  bool
	late    bool // the deadline has passed
	at      time.Time
	timer   *time.Timer // calls expire; nil before the first deadline
}

// SetDeadline sets when waiting calls, even those in progress, return [os.ErrDeadlineExceeded]. The
// zero time means never. It may be called at any time.
func (h *half) SetDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return net.ErrClosed
	}
	h.at, h.late = t, false
	if h.timer != nil {
		h.timer.Stop()
	}
	if !t.IsZero() {
		h.check()
	}
	return nil
}

// check records that the deadline has passed, or sets the timer to it. The caller has mu.
func (h *half) check() {
	switch wait := time.Until(h.at); {
	case wait <= 0:
		h.late = true
		h.changed.Broadcast()
	case h.timer == nil:
		h.timer = time.AfterFunc(wait, h.expire)
	default:
		h.timer.Reset(wait)
	}
}

// expire is called by the timer. The deadline may have been moved since.
func (h *half) expire() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.at.IsZero() {
		h.check()
	}
}

// wait waits until no call of the stream is in progress. The caller has mu.
func (h *half) wait() error {
	for !h.closed && h.busy && !h.late {
		h.changed.Wait()
	}
	switch {
	case h.closed:
		return net.ErrClosed
	case h.busy:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// close makes waiting and later calls return [net.ErrClosed]. The caller has mu.
func (h *half) close() {
	h.closed, h.at = true, time.Time{}
	if h.timer != nil {
		h.timer.Stop()
	}
	h.changed.Broadcast()
}

// A Reader reads from a stream. One goroutine may read at a time.
type Reader struct {
	half
	stream io.Reader
	fill   func() // is fillNow; a go statement with the method would allocate

	full bool            // left and err are the result of a call of the stream
	buf  *[readSize]byte // nil unless a call is in progress or bytes are left
	left []byte
	err  error
}

// NewReader returns a Reader of stream.
func NewReader(stream io.Reader) *Reader {
	r := &Reader{stream: stream}
	r.changed.L = &r.mu
	r.fill = r.fillNow
	return r
}

// Read reads from the stream until the deadline. Bytes that have already arrived are returned even
// after it.
func (r *Reader) Read(p []byte) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.await(); err != nil {
		return 0, err
	}
	if n = copy(p, r.left); n > 0 {
		r.left = r.left[n:]
	} else if len(r.left) == 0 {
		err, r.err = r.err, nil
	}
	r.full = len(r.left) > 0 || r.err != nil
	r.release()
	return n, err
}

// Wait waits until Read can return without waiting.
func (r *Reader) Wait() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.await()
}

// await waits until the stream has returned a result. The caller has mu.
func (r *Reader) await() error {
	if !r.full && !r.busy && !r.closed {
		if r.late {
			return os.ErrDeadlineExceeded
		}
		r.busy = true
		r.buf = readBuffers.Get().(*[readSize]byte)
		go r.fill()
	}
	return r.wait()
}

func (r *Reader) fillNow() {
	n, err := r.stream.Read(r.buf[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy, r.full = false, true
	r.left, r.err = r.buf[:n], err
	r.release()
	r.changed.Broadcast()
}

// release frees the buffer unless it is in use. The caller has mu.
func (r *Reader) release() {
	if !r.busy && r.buf != nil && (r.closed || len(r.left) == 0) {
		readBuffers.Put(r.buf)
		r.buf, r.left = nil, nil
	}
}

// Close makes waiting and later calls return [net.ErrClosed]. It does not close the stream. It does
// nothing if r is nil.
func (r *Reader) Close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
	r.release()
}

// A Writer writes to a stream. One goroutine may write at a time.
type Writer struct {
	half
	stream io.Writer
	flush  func() // is flushNow; see Reader.fill

	buf  *[ChunkSize]byte
	size int   // bytes of the last chunk
	lost int   // bytes of it that the stream has not taken
	err  error // of the stream; never changes once set
}

// NewWriter returns a Writer to stream.
func NewWriter(stream io.Writer) *Writer {
	w := &Writer{stream: stream}
	w.changed.L = &w.mu
	w.flush = w.flushNow
	return w
}

// Write writes p, after the bytes that an earlier call has left, and waits until p is written. If a
// deadline passes before that, the error is [os.ErrDeadlineExceeded], and n counts the bytes that
// the stream has taken or is still being given, which may be all of p; see Pending. Write does not
// keep p.
func (w *Writer) Write(p []byte) (n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch err := w.wait(); {
		case err != nil:
			return n, err
		case w.err != nil:
			return max(n-w.lost, 0), w.err // n is 0 if the chunk was not of p
		case n == len(p):
			return n, nil
		case w.late:
			return n, os.ErrDeadlineExceeded
		}
		w.busy = true
		w.buf = writeBuffers.Get().(*[ChunkSize]byte)
		w.size = copy(w.buf[:], p[n:])
		n += w.size
		go w.flush()
	}
}

func (w *Writer) flushNow() {
	n, err := w.stream.Write(w.buf[:w.size])
	if err == nil && n < w.size {
		err = io.ErrShortWrite
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.lost, w.err = false, w.size-n, err
	if err == nil {
		writeBuffers.Put(w.buf) // otherwise the stream may still use it
	}
	w.buf = nil
	w.changed.Broadcast()
}

// Pending returns the size, in bytes, of the chunk that the stream has not taken, as far as is
// known: one that is being written, or whose write has failed. It is 0 if w is nil.
func (w *Writer) Pending() int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy || w.err != nil {
		return w.size
	}
	return 0
}

// Close is like [Reader.Close].
func (w *Writer) Close() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.close()
}
