package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
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
	"Writer": func(ctx context.Context, c *Conn) error { _, err := c.Writer(ctx, Text); return err },
	"PlainWriter": func(ctx context.Context, c *Conn) error {
		_, err := c.PlainWriter(ctx, Text)
		return err
	},
}

// anHour returns a context for calls that must not wait as long as an hour.
func anHour(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	return ctx
}

// openWriter returns a writer of a Conn whose peer reads everything. The channel delivers the
// payloads of the peer's messages at the end, with a period after each message.
func openWriter(t *testing.T, role wire.Role, limits Limits) (*Conn, *MessageWriter, <-chan string) {
	t.Helper()
	c, p := newPeer(t, role, limits)
	sent := start(func() string {
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
	return c, w, sent
}

// A goroutine that begins a message before it has closed its own writer gets an error after
// WriteTimeout. The open message and the connection are not affected.
func TestWriteWithOpenWriter(t *testing.T) {
	for name, call := range messageCalls {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, w, sent := openWriter(t, role, Limits{})
				if _, err := io.WriteString(w, "first"); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				e := wantError(t, call(anHour(t), c), "write", ErrMessageOpen)
				if d := time.Since(began); d != DefaultWriteTimeout {
					t.Errorf("the call returned after %v, want %v", d, DefaultWriteTimeout)
				}
				if !e.Timeout() || e.Accepted || errors.Is(e, net.ErrClosed) ||
					errors.Is(e, context.DeadlineExceeded) {
					t.Errorf("got %+v, want a timeout and an open connection", e)
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
				if got := <-sent; got != "first.next." && got != "first..next." {
					t.Errorf("the peer received %q, want the first message and the next", got)
				}
			})
		})
	}
}

// The timeout starts again with every call of the open writer.
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
			t.Errorf("the call returned after %v, want %v", d, 2*DefaultWriteTimeout)
		}
	})
}

// A negative WriteTimeout turns the timeout off, but contexts still end the calls.
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

// Messages wait as long as the open writer is called from time to time, and also for several
// writers in a row, if none of them is idle for long.
func TestWriteWaitsForBusyWriters(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, w, sent := openWriter(t, role, Limits{})
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
		noError(t, errors.Join(<-second, <-third))
		_ = c.CloseNow()
		if got := <-sent; got != "11111.second.third." {
			t.Errorf("the peer received %q, want the messages in order", got)
		}
	})
}

// A call that waits for other messages, or for a call of their writer, waits as long as the peer
// keeps reading, because each piece has its own timeout. A closed writer has no influence.
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
			_, err = w.Write(p[:FragmentSize])
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
				empty := start(func() error { p.Expect(wire.OpText, true, ""); return nil })
				if err := closed.Close(); err != nil {
					t.Fatal(err)
				}
				<-empty
				synctest.Wait()
				wrote := start(func() error { return first(anHour(t), c, pattern(2*FragmentSize, 0)) })
				synctest.Wait()
				waited := start(func() error { return c.Write(anHour(t), Text, []byte("last")) })
				ended := start(func() error { return errors.Join(<-wrote, <-waited) })
				synctest.Wait()
				if _, err := closed.Write(nil); err == nil {
					t.Error("Write of a closed writer succeeded")
				}
				b := make([]byte, 2048)
				began := time.Now()
				for {
					time.Sleep(DefaultWriteTimeout * 2 / 3)
					synctest.Wait()
					select {
					case err := <-ended:
						if d := time.Since(began); err != nil || d < 3*DefaultWriteTimeout {
							t.Errorf("got %v after %v, want nil after %v or more",
								err, d, 3*DefaultWriteTimeout)
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

// Calls that wait for an open writer time out one after the other and leave the queue intact.
func TestWaitersForOpenWriter(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, w, sent := openWriter(t, role, Limits{})
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
		noError(t, errors.Join(w.Close(), <-last))
		_ = c.CloseNow()
		if got := <-sent; got != ".last." {
			t.Errorf("the peer received %q, want an empty message and the last", got)
		}
	})
}
