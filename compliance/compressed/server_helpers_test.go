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

// An agreement is how the echo server and its clients compress.
type agreement struct {
	name string
	ext  *deflate.Extension // nil: not at all
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

// serve runs an echo server with the agreement of that name. To a question, a number of connections, it
// waits until as many are open. Then it collects garbage and returns memory to the system.
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
	srv := &http.Server{ReadHeaderTimeout: time.Minute, Handler: websocket.Handler{Serve: echo, Options: options}}
	go srv.Serve(ln)
	return measure.Answer(ln.Addr(), func(conns string) (string, error) { return "settled", settle(conns) })
}

// open counts the connections of the server.
var open atomic.Int64

func settle(conns string) error {
	want, err := strconv.ParseInt(conns, 10, 64)
	if err != nil {
		return err
	}
	for end := time.Now().Add(patience); open.Load() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%d connections are open, want %d", open.Load(), want)
		}
	}
	// Pools let go of what they hold in two collections, and each halves stacks that
	// are too large.
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
