package pump

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// bubble runs f in a bubble of synctest, which also detects goroutines that are left.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// A counted stream counts the calls of Read and Write.
type counted struct {
	net.Conn
	calls atomic.Int32
}

func (c *counted) Read(p []byte) (int, error)  { c.calls.Add(1); return c.Conn.Read(p) }
func (c *counted) Write(p []byte) (int, error) { c.calls.Add(1); return c.Conn.Write(p) }

// ends returns a stream and its other end. Both are closed at the end of the test.
func ends(t *testing.T) (*counted, net.Conn) {
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	return &counted{Conn: a}, b
}

// timed calls f and checks its results and the time that it takes. what names the call.
func timed(t *testing.T, what string, f func() (int, error), n int, err error, after time.Duration) {
	t.Helper()
	begun := time.Now()
	gotN, gotErr := f()
	if took := time.Since(begun); gotN != n || !errors.Is(gotErr, err) || took != after {
		t.Errorf("%s: got %d, %v after %v, want %d, %v after %v", what, gotN, gotErr, took, n, err, after)
	}
}

// No byte is lost, whether a deadline passes before or after bytes arrive.
func TestReadOrders(t *testing.T) {
	for _, row := range []struct {
		name     string
		deadline time.Duration // after the start; 0 means none, negative means past
		arrival  time.Duration
		first    error
		after    time.Duration
	}{
		{"no deadline", 0, time.Second, nil, time.Second},
		{"bytes first", 2 * time.Second, time.Second, nil, time.Second},
		{"deadline first", time.Second, 2 * time.Second, os.ErrDeadlineExceeded, time.Second},
		{"past deadline", -time.Second, time.Second, os.ErrDeadlineExceeded, 0},
	} {
		bubble(t, row.name, func(t *testing.T) {
			ours, theirs := ends(t)
			r := NewReader(ours)
			if row.deadline != 0 {
				r.SetDeadline(time.Now().Add(row.deadline))
			}
			go func() {
				time.Sleep(row.arrival)
				theirs.Write([]byte("abc"))
			}()
			p, n := make([]byte, 8), 3
			read := func() (int, error) { return r.Read(p) }
			if row.first != nil {
				timed(t, "Read", read, 0, row.first, row.after)
				timed(t, "a second Read", read, 0, row.first, 0)
				synctest.Wait()
				time.Sleep(3*time.Second - row.after)
				r.SetDeadline(time.Time{})
				row.after = 0
			}
			timed(t, "Read", read, n, nil, row.after)
			if string(p[:n]) != "abc" {
				t.Errorf("got %q, want %q", p[:n], "abc")
			}
		})
	}
}

// Received bytes are returned after a deadline has passed, in pieces of any size. No call of the stream
// begins then, and none begins before the first Read.
func TestReadsNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := ends(t)
		r := NewReader(ours)
		go theirs.Write([]byte("abcdef"))
		synctest.Wait()
		if ours.calls.Load() != 0 {
			t.Errorf("got %d calls before a Read, want none", ours.calls.Load())
		}
		p := make([]byte, 2)
		for _, want := range []string{"ab", "cd", "ef"} {
			if n, err := r.Read(p); string(p[:n]) != want || err != nil {
				t.Errorf("got %q, %v, want %q", p[:n], err, want)
			}
			r.SetDeadline(time.Unix(1, 0))
		}
		timed(t, "Read", func() (int, error) { return r.Read(p) }, 0, os.ErrDeadlineExceeded, 0)
		timed(t, "Wait", func() (int, error) { return 0, r.Wait() }, 0, os.ErrDeadlineExceeded, 0)
		synctest.Wait()
		if ours.calls.Load() != 1 || r.busy || r.buf != nil {
			t.Errorf("got %d calls, busy %v, buffer %v, want 1, false, false",
				ours.calls.Load(), r.busy, r.buf != nil)
		}
	})
}

// Read returns the bytes and errors of the stream. An error that the stream returns with bytes follows
// after these bytes.
func TestReadErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := errors.New("failed")
		for _, s := range []io.Reader{
			strings.NewReader("abc"), iotest.DataErrReader(strings.NewReader("abc")),
			iotest.OneByteReader(strings.NewReader("abc")),
		} {
			if got, err := io.ReadAll(NewReader(s)); string(got) != "abc" || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, "abc")
			}
		}
		r := NewReader(iotest.ErrReader(failed))
		for range 3 {
			timed(t, "Read", func() (int, error) { return r.Read(make([]byte, 1)) }, 0, failed, 0)
		}
		r = NewReader(&once{"abc", failed})
		timed(t, "Read of nothing", func() (int, error) { return r.Read(nil) }, 0, nil, 0)
		timed(t, "Read", func() (int, error) { return r.Read(make([]byte, 9)) }, 3, nil, 0)
		timed(t, "a second Read", func() (int, error) { return r.Read(make([]byte, 9)) }, 0, failed, 0)
		timed(t, "the last Read", func() (int, error) { return r.Read(make([]byte, 9)) }, 0, io.EOF, 0)
		r = NewReader(iotest.ErrReader(nil))
		timed(t, "an empty Read", func() (int, error) { return r.Read(make([]byte, 1)) }, 0, nil, 0)
	})
}

// A once returns its data and its error in the first Read, and io.EOF afterwards.
type once struct {
	data string
	err  error
}

func (o *once) Read(p []byte) (int, error) {
	n, err := copy(p, o.data), o.err
	o.data, o.err = "", io.EOF
	return n, err
}

// A deadline may be moved at any time and applies to the call in progress.
func TestDeadlineMoves(t *testing.T) {
	for _, row := range []struct {
		name  string
		first time.Duration // after the start; 0 means none
		then  time.Duration // set after a second, relative to it; 0 means none
		want  time.Duration
	}{
		{"set", 0, 2 * time.Second, 3 * time.Second},
		{"set in the past", 0, -time.Hour, time.Second},
		{"earlier", time.Hour, time.Second, 2 * time.Second},
		{"later", 2 * time.Second, time.Minute, time.Minute + time.Second},
		{"cleared", 2 * time.Second, 0, time.Hour},
		{"moved as it passes", time.Second, time.Minute, 0}, // either deadline may end the call
	} {
		for _, writes := range []bool{false, true} {
			bubble(t, row.name, func(t *testing.T) {
				ours, _ := ends(t)
				r, w := NewReader(ours), NewWriter(ours)
				call := func() (int, error) { return r.Read(make([]byte, 1)) }
				set, closeIt := r.SetDeadline, r.Close
				if writes {
					call = func() (int, error) { return w.Write(make([]byte, 1)) }
					set, closeIt = w.SetDeadline, w.Close
				}
				begun := time.Now()
				at := func(d time.Duration) time.Time {
					if d == 0 {
						return time.Time{}
					}
					return time.Now().Add(d)
				}
				set(at(row.first))
				go func() {
					time.Sleep(time.Second)
					set(at(row.then))
					time.Sleep(time.Hour - time.Second)
					closeIt()
				}()
				_, err := call()
				took := time.Since(begun)
				switch {
				case row.want == 0 && took != time.Second && took != time.Minute+time.Second,
					row.want != 0 && took != row.want:
					t.Errorf("the call returned after %v, want %v", took, row.want)
				case took == time.Hour && err != net.ErrClosed,
					took < time.Hour && err != os.ErrDeadlineExceeded:
					t.Errorf("got %v after %v, want net.ErrClosed after an hour, or a timeout", err, took)
				}
				ours.Close()
				time.Sleep(2 * time.Hour)
			})
		}
	}
}

// A deadline is not lost if its timer fires early, as may happen for a deadline without a monotonic
// clock reading.
func TestEarlyTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, _ := ends(t)
		r := NewReader(ours)
		r.SetDeadline(time.Now().Add(time.Second))
		time.AfterFunc(time.Second/2, r.expire)
		timed(t, "Read", func() (int, error) {
			return r.Read(make([]byte, 1))
		}, 0, os.ErrDeadlineExceeded, time.Second)
	})
}

// A timer that fires while its deadline is cleared has no effect.
func TestLateTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewReader(strings.NewReader("a"))
		r.SetDeadline(time.Now().Add(time.Second))
		r.SetDeadline(time.Time{})
		r.expire()
		timed(t, "Read", func() (int, error) { return r.Read(make([]byte, 1)) }, 1, nil, 0)
	})
}

// A Write that is cut by a deadline counts the chunk that is still being written. The next Write
// continues after that chunk.
func TestWriteCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := ends(t)
		w := NewWriter(ours)
		all := make([]byte, 3*ChunkSize)
		for i := range all {
			all[i] = byte(i >> 8)
		}
		p := bytes.Clone(all)
		write := func(p []byte) func() (int, error) {
			return func() (int, error) { return w.Write(p) }
		}
		got := bytes.NewBuffer(nil)
		go io.CopyN(got, theirs, ChunkSize+10)
		w.SetDeadline(time.Now().Add(time.Second))
		timed(t, "Write", write(p), 2*ChunkSize, os.ErrDeadlineExceeded, time.Second)
		timed(t, "Write past the deadline", write(p[2*ChunkSize:]), 0, os.ErrDeadlineExceeded, 0)
		w.SetDeadline(time.Now().Add(time.Second))
		timed(t, "Write after a chunk", write(p[2*ChunkSize:]), 0, os.ErrDeadlineExceeded, time.Second)
		timed(t, "empty Write after a chunk", write(nil), 0, os.ErrDeadlineExceeded, 0)
		if n := w.Pending(); n != ChunkSize {
			t.Errorf("got %d bytes pending, want %d", n, ChunkSize)
		}
		synctest.Wait()
		clear(p[:2*ChunkSize]) // the Writer must have copied these bytes
		go io.CopyN(got, theirs, int64(len(all)-ChunkSize-10))
		synctest.Wait()
		timed(t, "empty Write", write(nil), 0, nil, 0)
		timed(t, "late Write", write(p[2*ChunkSize:]), 0, os.ErrDeadlineExceeded, 0)
		w.SetDeadline(time.Time{})
		timed(t, "Write of the rest", write(p[2*ChunkSize:]), ChunkSize, nil, 0)
		synctest.Wait()
		if !bytes.Equal(got.Bytes(), all) || w.Pending() != 0 || ours.calls.Load() != 3 {
			t.Errorf("got %d bytes, %d pending, %d calls, want all bytes in 3 calls",
				got.Len(), w.Pending(), ours.calls.Load())
		}
	})
}

// The last chunk of a Write counts as written even if it is still being written. The error is
// os.ErrDeadlineExceeded nevertheless.
func TestWriteCutAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := ends(t)
		w := NewWriter(ours)
		w.SetDeadline(time.Now().Add(time.Second))
		timed(t, "Write", func() (int, error) {
			return w.Write([]byte("abc"))
		}, 3, os.ErrDeadlineExceeded, time.Second)
		p := make([]byte, 3)
		if _, err := io.ReadFull(theirs, p); err != nil || string(p) != "abc" {
			t.Errorf("got %q, %v, want %q", p, err, "abc")
		}
		synctest.Wait()
		if n := w.Pending(); n != 0 {
			t.Errorf("got %d bytes pending, want none", n)
		}
	})
}

// A stingy stream takes left bytes in all, and then fails with err. Each Write waits first.
type stingy struct {
	left int
	err  error
	wait time.Duration
}

func (s *stingy) Write(p []byte) (int, error) {
	time.Sleep(s.wait)
	n := min(len(p), s.left)
	s.left -= n
	if n < len(p) {
		return n, s.err
	}
	return n, nil
}

// An error of the stream is returned by the Write that caused it, or by the next Write if that one has
// returned already, and by every later Write.
func TestWriteErrors(t *testing.T) {
	failed := errors.New("failed")
	for err, want := range map[error]error{failed: failed, nil: io.ErrShortWrite} {
		synctest.Test(t, func(t *testing.T) {
			w := NewWriter(&stingy{ChunkSize + 10, err, 0})
			write := func() (int, error) { return w.Write(make([]byte, 4*ChunkSize)) }
			timed(t, "Write", write, ChunkSize+10, want, 0)
			timed(t, "a second Write", write, 0, want, 0)

			w = NewWriter(&stingy{10, err, time.Minute})
			w.SetDeadline(time.Now().Add(time.Second))
			timed(t, "a cut Write", write, ChunkSize, os.ErrDeadlineExceeded, time.Second)
			w.SetDeadline(time.Time{})
			timed(t, "the next Write", write, 0, want, 59*time.Second)
			if n := w.Pending(); n != ChunkSize {
				t.Errorf("got %d bytes pending, want %d", n, ChunkSize)
			}
			timed(t, "the last Write", write, 0, want, 0)
		})
	}
}

// Close ends the waiting calls before the stream does, and all later calls.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := ends(t)
		r, w := NewReader(ours), NewWriter(ours)
		time.AfterFunc(time.Second, func() { r.Close(); w.Close() })
		var all sync.WaitGroup
		all.Go(func() {
			timed(t, "Read", func() (int, error) {
				return r.Read(make([]byte, 1))
			}, 0, net.ErrClosed, time.Second)
		})
		all.Go(func() {
			timed(t, "Write", func() (int, error) {
				return w.Write([]byte("abc"))
			}, 3, net.ErrClosed, time.Second)
		})
		all.Wait()
		go theirs.Write([]byte("late"))
		io.ReadFull(theirs, make([]byte, 3))
		synctest.Wait()
		timed(t, "Read", func() (int, error) { return r.Read(make([]byte, 1)) }, 0, net.ErrClosed, 0)
		timed(t, "Write", func() (int, error) { return w.Write([]byte("abc")) }, 0, net.ErrClosed, 0)
		if r.SetDeadline(time.Now()) == nil || w.SetDeadline(time.Now()) == nil ||
			r.buf != nil || w.buf != nil || r.busy || w.busy {
			t.Error("the Reader or the Writer is in use after Close")
		}

		r = NewReader(strings.NewReader("abc"))
		if r.Read(make([]byte, 1)); r.buf == nil {
			t.Error("the Reader keeps no bytes before Close, want the rest")
		}
		if r.Close(); r.buf != nil {
			t.Error("the Reader keeps bytes after Close")
		}
	})
}

// Random deadlines do not lose, add or change bytes in either direction.
func TestRandomDeadlines(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := ends(t)
			r, w := NewReader(ours), NewWriter(theirs)
			stop := make(chan struct{})
			var movers, all sync.WaitGroup
			sets := []func(time.Time) error{r.SetDeadline, r.SetDeadline, w.SetDeadline, w.SetDeadline}
			for i, set := range sets {
				movers.Go(func() {
					rnd := rand.New(rand.NewPCG(seed, uint64(i)))
					for {
						select {
						case <-stop:
							return
						case <-time.After(time.Duration(rnd.IntN(5)) * time.Millisecond):
							set(time.Now().Add(time.Duration(rnd.IntN(8)-3) * time.Millisecond))
						}
					}
				})
			}
			sent, got := make([]byte, 10*ChunkSize), []byte(nil)
			rnd := rand.New(rand.NewPCG(seed, 99))
			for i := range sent {
				sent[i] = byte(rnd.Uint32())
			}
			all.Go(func() {
				for p := sent; len(p) > 0; {
					n, err := w.Write(p[:min(len(p), 1+rand.IntN(2*ChunkSize))])
					if p = p[n:]; err != nil && err != os.ErrDeadlineExceeded {
						t.Error(err)
						return
					}
					time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				}
			})
			all.Go(func() {
				p := make([]byte, 2*readSize)
				for len(got) < len(sent) {
					n, err := r.Read(p[:1+rand.IntN(len(p))])
					if got = append(got, p[:n]...); err != nil && err != os.ErrDeadlineExceeded {
						t.Error(err)
						return
					}
					time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				}
			})
			all.Wait()
			close(stop)
			movers.Wait()
			if !bytes.Equal(got, sent) {
				t.Errorf("seed %d: got other bytes than were sent", seed)
			}
		})
	}
}
