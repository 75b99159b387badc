//go:build unix

package compressed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/measure"
	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// An agreement says how the echo server and its clients compress messages.
type agreement struct {
	name string
	ext  *deflate.Extension // nil: they do not
}

var agreements = []agreement{
	{"none", nil},
	{"no takeover", deflate.MustNew(&deflate.Options{NoContextTakeover: true})},
	{"default", deflate.MustNew(nil)},
	{"bounded", deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: 11})},
	{"large", deflate.MustNew(&deflate.Options{WindowBits: 15})},
}

func (a agreement) extensions() []wire.Extension {
	if a.ext == nil {
		return nil
	}
	return []wire.Extension{a.ext}
}

func TestMain(m *testing.M) { measure.Main(m, serve) }

// serve runs an echo server with the agreement of that name. Each question is a number of connections. The
// server waits until so many are open, collects garbage, and returns memory to the system.
func serve(name string) error {
	i := slices.IndexFunc(agreements, func(a agreement) bool { return a.name == name })
	if i < 0 {
		return fmt.Errorf("no agreement is named %q", name)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	options := &websocket.AcceptOptions{Extensions: agreements[i].extensions()}
	h := websocket.Handler{Serve: echo, Options: options}
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: h}
	go srv.Serve(ln)
	return measure.Answer(ln.Addr(), func(conns string) (string, error) { return "settled", settle(conns) })
}

// open is the number of open connections of the server.
var open atomic.Int64

func settle(conns string) error {
	want, err := strconv.ParseInt(conns, 10, 64)
	if err != nil {
		return err
	}
	for end := time.Now().Add(patience); open.Load() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d connections are open after %v, want %d", open.Load(), patience, want)
		}
	}
	// Two collections empty a pool. Each collection halves the stacks that are too large.
	for range 5 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	return nil
}

func echo(ctx context.Context, c *websocket.Conn) error {
	open.Add(1)
	defer open.Add(-1)
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}
