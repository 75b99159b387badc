package soak

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// hooks are functions that plant faults in a server for a test. Each of them may be nil.
type hooks struct {
	open    func()                        // called for each connection
	message func() error                  // called for each message; an error ends the connection
	echo    func(sender) sender           // wraps the sender of echoes
	limits  func(l *websocket.Limits)     // changes the limits
	ending  func(closeRecord) closeRecord // changes the record of a connection's end
}

// sender sends one message on a connection.
type sender func(ctx context.Context, c *websocket.Conn, t websocket.MessageType, p []byte) error

// server is the application under load. With the path /messages it reads and writes whole messages, with
// /stream it uses readers and writers. The query parameter topic selects the topic that the connection
// joins. With the optional parameter session, the end of the connection is recorded under that name.
type server struct {
	cfg    ServerConfig
	hooks  hooks
	topics []topic
	echo   sender
	stalls stallWatch
	group  websocket.Group // all connections

	endings endings
	open    atomic.Int64
	in, out atomic.Int64 // messages
	pongs   atomic.Int64 // answers to keepalive pings
}

func newServer(cfg ServerConfig, h hooks) *server {
	s := &server{cfg: cfg, hooks: h, topics: make([]topic, max(cfg.Topics, 1))}
	s.echo = s.write
	if h.echo != nil {
		s.echo = h.echo(s.write)
	}
	return s
}

// options returns the options of connections with or without keepalive. PongTimeout is so long that it ends
// no connection: abusive clients answer no pings, and the server must find other reasons to end them.
func (s *server) options(keptAlive bool) *websocket.AcceptOptions {
	o := &websocket.AcceptOptions{
		Extensions: []wire.Extension{deflate.MustNew(nil)},
		Group:      &s.group,
		Events:     &websocket.Events{Pong: func(*websocket.Conn, time.Duration) { s.pongs.Add(1) }},
		Limits: websocket.Limits{
			MaxMessage:   s.cfg.MaxMessage,
			WriteTimeout: s.cfg.WriteTimeout,
			CloseTimeout: s.cfg.CloseTimeout,
		},
	}
	if keptAlive {
		o.Limits.PingInterval = s.cfg.PingInterval
		o.Limits.PongTimeout = 2 * (s.cfg.IdleTimeout + s.cfg.WriteTimeout + s.cfg.CloseTimeout)
	}
	if s.hooks.limits != nil {
		s.hooks.limits(&o.Limits)
	}
	return o
}

func (s *server) handler() http.Handler {
	opts := [2]*websocket.AcceptOptions{s.options(false), s.options(true)}
	serve := func(loop func(*serverConn) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			n, _ := strconv.ParseUint(query.Get("topic"), 10, 32)
			session := query.Get("session")
			t := &s.topics[n%uint64(len(s.topics))]
			websocket.Handler{Options: opts[n%2], Serve: func(ctx context.Context, c *websocket.Conn) error {
				if session != "" {
					s.endings.watch(c, session, s.hooks.ending)
				}
				return s.serve(ctx, c, t, loop)
			}}.ServeHTTP(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/messages", serve((*serverConn).messages))
	mux.HandleFunc("/stream", serve((*serverConn).stream))
	return mux
}

// serverConn is the server's end of one connection.
type serverConn struct {
	*server
	ctx    context.Context
	c      *websocket.Conn
	topic  *topic
	member *member
	idle   *time.Timer
	done   chan struct{} // closed after the topic's last message
}

// errCloseRequested ends a connection at the client's request.
var errCloseRequested = errors.New("client asked the server to close")

// serve serves a connection. A goroutine forwards the topic's messages while loop reads and echoes.
func (s *server) serve(ctx context.Context, c *websocket.Conn, t *topic, loop func(*serverConn) error) error {
	s.open.Add(1)
	defer s.open.Add(-1)
	if s.hooks.open != nil {
		s.hooks.open()
	}
	v := &serverConn{server: s, ctx: ctx, c: c, topic: t, member: t.join(), done: make(chan struct{})}
	v.idle = time.AfterFunc(s.cfg.IdleTimeout, func() {
		_ = c.Close(context.Background(), websocket.StatusPolicyViolation, "idle")
	})
	defer v.idle.Stop()
	go v.forward()
	defer func() { // even after a panic
		t.leave(v.member)
		<-v.done
	}()
	if err := loop(v); err != errCloseRequested {
		return err
	}
	return nil
}

// forward sends the messages of the topic.
func (v *serverConn) forward() {
	defer close(v.done)
	for m := range v.member.queue {
		if v.c.WritePrepared(v.ctx, m) != nil {
			return
		}
		v.out.Add(1)
	}
	if v.member.lagged {
		_ = v.c.Close(context.Background(), websocket.StatusPolicyViolation, "too slow")
	}
}

// messages reads and echoes whole messages.
func (v *serverConn) messages() error {
	for m, err := range v.c.Messages(v.ctx) {
		if err != nil {
			return err
		}
		if err := v.countReceived(); err != nil {
			return err
		}
		if mark(m.Type, m.Data) != 0 {
			err = v.command(m.Data)
		} else {
			err = v.echo(v.ctx, v.c, m.Type, m.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stream reads and echoes through readers and writers.
func (v *serverConn) stream() error {
	head := make([]byte, 512)
	for {
		r, err := v.c.Reader(v.ctx)
		if err != nil {
			return err
		}
		n, err := io.ReadFull(r, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		if mark(r.Type(), head[:n]) != 0 {
			rest, err := io.ReadAll(r)
			if err == nil {
				err = v.countReceived()
			}
			if err == nil {
				err = v.command(append(head[:n:n], rest...))
			}
			if err != nil {
				return err
			}
			continue
		}
		if err := v.echoStream(r, head[:n]); err != nil {
			return err
		}
	}
}

// echoStream echoes the message of r while receiving it. head is the part that has already been read.
func (v *serverConn) echoStream(r *websocket.MessageReader, head []byte) error {
	w, err := v.c.Writer(v.ctx, r.Type())
	if err != nil {
		return err
	}
	_, err = w.Write(head)
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	v.out.Add(1)
	return v.countReceived()
}

// command executes a command.
func (v *serverConn) command(p []byte) error {
	switch {
	case p[0] == markPublish:
		return v.topic.publish(p)
	case string(p) == askLeave:
		v.topic.leave(v.member)
	case string(p) == askClose:
		return errCloseRequested
	default:
		if d, ok := parseNumber(p, askWork); ok {
			return v.work(time.Duration(d), p)
		}
	}
	return nil
}

// work is busy for d, at most for longestWork, even if the connection ends in the meantime. Then it
// echoes p.
func (v *serverConn) work(d time.Duration, p []byte) error {
	time.Sleep(min(d, longestWork))
	return v.echo(v.ctx, v.c, websocket.Text, p)
}

// countReceived counts a received message.
func (v *serverConn) countReceived() error {
	v.idle.Reset(v.cfg.IdleTimeout)
	v.in.Add(1)
	if v.hooks.message != nil {
		return v.hooks.message()
	}
	return nil
}

func (s *server) write(ctx context.Context, c *websocket.Conn, t websocket.MessageType, p []byte) error {
	err := c.Write(ctx, t, p)
	if err == nil {
		s.out.Add(1)
	}
	return err
}
