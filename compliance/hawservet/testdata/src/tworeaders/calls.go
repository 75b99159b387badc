package tworeaders

import (
	"context"
	"io"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

type client struct {
	conn *websocket.Conn
	mu   sync.Mutex
	done chan bool
}

func (cl *client) loop(ctx context.Context) {
	for {
		if _, _, err := cl.conn.Read(ctx); err != nil {
			return
		}
	}
}

func pass(ctx context.Context, to, from *websocket.Conn) error {
	for m, err := range from.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := to.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

func (cl *client) field(ctx context.Context) {
	go func() { _ = cl.conn.ReadJSON(ctx, nil) }()
	_ = cl.conn.ReadJSON(ctx, nil) // want `cl.conn is read here and by the goroutine that line 38`
}

func (cl *client) method(ctx context.Context) {
	go cl.loop(ctx)
	_ = cl.conn.ReadJSON(ctx, nil) // want `cl.conn is read here`
}

func functions(ctx context.Context, a, b *websocket.Conn) {
	go pass(ctx, a, b)
	_ = pass(ctx, b, b) // want `b is read here`
}

func values(ctx context.Context, cl *client, wg *sync.WaitGroup) {
	go cl.conn.ReadJSON(ctx, nil)
	wg.Go(func() { cl.loop(ctx) }) // want `cl.conn is read here`
}

func parameter(ctx context.Context, c *websocket.Conn) {
	go func(other *websocket.Conn) {
		_, _, _ = other.Read(ctx)
	}(c)
	_, _, _ = c.Read(ctx) // want `c is read here`
}

func closure(ctx context.Context, c *websocket.Conn) {
	read := func() { _, _, _ = c.Read(ctx) }
	go read()
	read() // want `c is read here`
}

// Each goroutine reads one of two connections.
func proxy(ctx context.Context, a, b *websocket.Conn) error {
	go pass(ctx, a, b)
	return pass(ctx, b, a)
}

func (cl *client) locked(ctx context.Context) {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	_, _, _ = cl.conn.Read(ctx)
}

func takingTurns(ctx context.Context, cl *client) {
	go cl.locked(ctx)
	cl.locked(ctx)
}

func semaphore(ctx context.Context, c *websocket.Conn) {
	free := make(chan bool, 1)
	for range 3 {
		go func() {
			free <- true
			_, _, _ = c.Read(ctx)
			<-free
		}()
	}
	for range 3 {
		free <- true
		go func() {
			_, _, _ = c.Read(ctx)
			<-free
		}()
	}
}

func (cl *client) wait()            { <-cl.done }
func waitFor(done chan bool)        { <-done }
func finish(groups *sync.WaitGroup) { groups.Wait() }

// Called functions wait for the goroutine.
func helped(ctx context.Context, cl *client, c *websocket.Conn) {
	go func() {
		_, _, _ = cl.conn.Read(ctx)
		close(cl.done)
	}()
	cl.wait()
	_, _, _ = cl.conn.Read(ctx)

	done := make(chan bool)
	go func() {
		_, _, _ = c.Read(ctx)
		close(done)
	}()
	waitFor(done)
	go func() {
		waitFor(cl.done)
		_, _, _ = c.Read(ctx)
	}()
	var wg sync.WaitGroup
	wg.Go(func() { _, _, _ = c.Read(ctx) })
	finish(&wg)
	_, _, _ = c.Read(ctx)
	wg.Go(func() { _, _, _ = c.Read(ctx) })
	func() { wg.Wait() }()
	_, _, _ = c.Read(ctx)
}

func (cl *client) reconnecting(ctx context.Context, url string) {
	for {
		go cl.loop(ctx)
		c, _, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			return
		}
		cl.conn = c
	}
}

func startedOnce(ctx context.Context, c, d *websocket.Conn, in []int) {
	for i := range in {
		if i == 0 {
			go func() { _, _, _ = c.Read(ctx) }()
		}
	}
	for n := 0; ; n++ {
		switch {
		case n == 3:
			go pass(ctx, nil, d)
		case n == 10:
			return
		}
	}
}

func onDemand(ctx context.Context, c *websocket.Conn) {
	for m := range c.Messages(ctx) { // want `c is read here and by the goroutine`
		if m.Type == websocket.Text {
			go func() { _, _, _ = c.Read(ctx) }()
		}
	}
}

func handedOver(ctx context.Context, c *websocket.Conn) {
	for m := range c.Messages(ctx) {
		if m.Type == websocket.Text {
			go func() { _, _, _ = c.Read(ctx) }()
			break
		}
	}
}

// The copy ends with the goroutine.
func piped(ctx context.Context, c *websocket.Conn, w io.Writer) {
	pr, pw := io.Pipe()
	go func() {
		defer pw.Close()
		_, p, _ := c.Read(ctx)
		pw.Write(p)
	}()
	io.Copy(w, pr)
	_, _, _ = c.Read(ctx)
}

type relay struct {
	client
	conn *websocket.Conn
}

// The loop reads the connection of client.
func (r *relay) both(ctx context.Context) {
	go r.loop(ctx)
	_, _, _ = r.conn.Read(ctx)
}

func waiting(ctx context.Context, c *websocket.Conn) {
	var wg sync.WaitGroup
	wait := func() { wg.Wait() }
	wg.Go(func() { _, _, _ = c.Read(ctx) })
	wait()
	_, _, _ = c.Read(ctx)
}

func (cl *client) drain(ctx context.Context) {
	defer cl.loop(ctx)
	<-cl.done
}

func drained(ctx context.Context, cl *client) {
	go func() {
		_, _, _ = cl.conn.Read(ctx)
		close(cl.done)
	}()
	cl.drain(ctx)
}

func given(ctx context.Context, c *websocket.Conn, read func()) {
	if read == nil {
		read = func() { _, _, _ = c.Read(ctx) }
	}
	go read()
	_, _, _ = c.Read(ctx)
}

func replaced(ctx context.Context, cl *client) {
	go cl.loop(ctx)
	cl = &client{}
	_, _, _ = cl.conn.Read(ctx)
}
