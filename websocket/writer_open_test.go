package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// messageCalls are the calls that wait for an open MessageWriter.
var messageCalls = map[string]func(ctx context.Context, c *Conn) error{
	"Write":      func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("late")) },
	"WritePlain": func(ctx context.Context, c *Conn) error { return c.WritePlain(ctx, Text, []byte("late")) },
	"WriteJSON":  func(ctx context.Context, c *Conn) error { return c.WriteJSON(ctx, "late") },
	"WritePrepared": func(ctx context.Context, c *Conn) error {
		m, err := Prepare(Text, []byte("late"))
		return errors.Join(err, c.WritePrepared(ctx, m))
	},
	"Writer":      func(ctx context.Context, c *Conn) error { _, err := c.Writer(ctx, Text); return err },
	"PlainWriter": func(ctx context.Context, c *Conn) error { _, err := c.PlainWriter(ctx, Text); return err },
}

// anHour is a context for calls of which none may wait for so long.
func anHour(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	return ctx
}

// openWriter returns a writer of a Conn whose peer takes everything.
func openWriter(t *testing.T, role wire.Role, limits Limits) (*Conn, *MessageWriter, <-chan string) {
	t.Helper()
	c, p := newPeer(t, role, limits)
	came := start(func() string {
		var all string
		for {
			h, b, err := p.nextFrame()
			if err != nil {
				return all
			}
			all += string(b)
			if h.Fin {
				all += "."
			}
		}
	})
	w, err := c.Writer(anHour(t), Text)
	if err != nil {
		t.Fatal(err)
	}
	return c, w, came
}

// A message that its goroutine begins before its own writer is closed is an error after
// WriteTimeout, and costs neither the open message nor the connection.
func TestWriteWithOpenWriter(t *testing.T) {
	for name, call := range messageCalls {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, w, came := openWriter(t, role, Limits{})
				if _, err := io.WriteString(w, "first"); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				e := wantError(t, call(anHour(t), c), "write", ErrMessageOpen)
				if d := time.Since(began); d != DefaultWriteTimeout {
					t.Errorf("after %v", d)
				}
				if !e.Timeout() || e.Accepted || errors.Is(e, net.ErrClosed) || errors.Is(e, context.DeadlineExceeded) {
					t.Errorf("%+v", e)
				}
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				if err := c.Write(anHour(t), Text, []byte("next")); err != nil {
					t.Fatal(err)
				}
				_ = c.CloseNow()
				if got := <-came; got != "first.next." && got != "first..next." {
					t.Errorf("the peer got %q", got)
				}
			})
		})
	}
}

// The bound begins anew when the writer is called.
func TestWriteWithWriterLeftOpen(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, w, _ := openWriter(t, role, Limits{})
		began := time.Now()
		waited := start(func() error { return c.Write(anHour(t), Text, nil) })
		time.Sleep(DefaultWriteTimeout / 2)
		if _, err := io.WriteString(w, "first"); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		wantError(t, <-waited, "write", ErrMessageOpen)
		if d := time.Since(began); d != 2*DefaultWriteTimeout {
			t.Errorf("after %v", d)
		}
	})
}

// The bound is off with WriteTimeout; the contexts are not.
func TestWriteWithOpenWriterUnlimited(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _, _ := openWriter(t, role, Limits{WriteTimeout: -1})
		wantError(t, c.Write(anHour(t), Text, nil), "write", context.DeadlineExceeded)
		ended := start(func() error { return c.Write(anHour(t), Text, nil) })
		synctest.Wait()
		_ = c.CloseNow()
		wantError(t, <-ended, "write", net.ErrClosed)
	})
}

// A writer that is called from time to time holds the others up, and so do several
// writers, one after the other, of which none is idle for long.
func TestWriteWaitsForBusyWriters(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, w, came := openWriter(t, role, Limits{})
		const pause = DefaultWriteTimeout * 2 / 3
		second := start(func() error {
			w, err := c.Writer(anHour(t), Text)
			if err != nil {
				return err
			}
			time.Sleep(pause)
			_, err = io.WriteString(w, "second")
			time.Sleep(pause)
			return errors.Join(err, w.Close())
		})
		synctest.Wait()
		third := start(func() error { return c.Write(anHour(t), Text, []byte("third")) })
		for range 5 {
			time.Sleep(pause)
			if _, err := io.WriteString(w, "1"); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(pause)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(<-second, <-third); err != nil {
			t.Error(err)
		}
		_ = c.CloseNow()
		if got := <-came; got != "11111.second.third." {
			t.Errorf("the peer got %q", got)
		}
	})
}

// Whoever waits for a call of a writer, or for ordinary messages, waits as long as the peer
// goes on reading: each piece has a bound of its own. A writer that is closed has no part
// in it.
func TestWriteWaitsForSlowPeer(t *testing.T) {
	for name, first := range map[string]func(ctx context.Context, c *Conn, p []byte) error{
		"messages": func(ctx context.Context, c *Conn, p []byte) error {
			return errors.Join(c.Write(ctx, Binary, p[:len(p)/2]), c.Write(ctx, Binary, p[len(p)/2:]))
		},
		"writer": func(ctx context.Context, c *Conn, p []byte) error { return streamed(ctx, c, p, len(p)) },
		"flush": func(ctx context.Context, c *Conn, p []byte) error {
			w, err := c.Writer(ctx, Binary)
			if err != nil {
				return err
			}
			_, err = w.Write(p[:fragmentSize])
			return errors.Join(err, w.Flush(), w.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				closed, err := c.Writer(anHour(t), Text)
				if err != nil {
					t.Fatal(err)
				}
				empty := start(func() error { p.expect(wire.OpText, true, ""); return nil })
				if err := closed.Close(); err != nil {
					t.Fatal(err)
				}
				<-empty
				synctest.Wait()
				wrote := start(func() error { return first(anHour(t), c, pattern(2*fragmentSize, 0)) })
				synctest.Wait()
				waited := start(func() error { return c.Write(anHour(t), Text, []byte("last")) })
				ended := start(func() error { return errors.Join(<-wrote, <-waited) })
				synctest.Wait()
				if _, err := closed.Write(nil); err == nil {
					t.Error("a closed writer writes")
				}
				b := make([]byte, 2048)
				began := time.Now()
				for {
					time.Sleep(DefaultWriteTimeout * 2 / 3)
					synctest.Wait()
					select {
					case err := <-ended:
						if d := time.Since(began); err != nil || d < 3*DefaultWriteTimeout {
							t.Errorf("%v, after %v", err, d)
						}
						return
					default:
						if _, err := p.nc.Read(b); err != nil {
							t.Fatal(err)
						}
					}
				}
			})
		})
	}
}

// A waiter after another that gave up gives up in its turn, and neither is lost: the
// queue is as it was.
func TestWaitersBehindOpenWriter(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, w, came := openWriter(t, role, Limits{})
		var ended []<-chan error
		for range 3 {
			ended = append(ended, start(func() error { return c.Write(anHour(t), Text, []byte("lost")) }))
			time.Sleep(time.Second)
		}
		for _, ch := range ended {
			wantError(t, <-ch, "write", ErrMessageOpen)
		}
		last := start(func() error { return c.Write(anHour(t), Text, []byte("last")) })
		synctest.Wait()
		if err := errors.Join(w.Close(), <-last); err != nil {
			t.Error(err)
		}
		_ = c.CloseNow()
		if got := <-came; got != ".last." {
			t.Errorf("the peer got %q", got)
		}
	})
}
