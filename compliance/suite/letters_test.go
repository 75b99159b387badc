package suite

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// echoServer is hawser's own server, with the limits of examples/echo.
func echoServer(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				if err := c.Write(ctx, m.Type, m.Data); err != nil {
					return err
				}
			}
			return nil
		},
		Options: &websocket.AcceptOptions{
			InsecureAnyOrigin: true,
			Extensions:        []wire.Extension{deflate.New(nil)},
			Limits:            websocket.Limits{MaxMessage: 16 << 20},
		},
	})
	s.Config.ReadHeaderTimeout = 10 * time.Second
	s.Config.MaxHeaderBytes = 64 << 10
	s.Config.ErrorLog = nil
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Start()
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + "/"
}

func letters(t *testing.T, patterns ...string) []*Case {
	t.Helper()
	cases, err := Cases(patterns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// hawser's server passes every case.
func TestServerOfOurs(t *testing.T) {
	results, err := TestServer(t.Context(), echoServer(t), letters(t, strings.Split(cmp.Or(os.Getenv("CASES"), "H.*,L.*"), ",")...), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		note := t.Logf
		if !r.Passed() || r.Behavior == report.Unimplemented {
			note = t.Errorf
		}
		note("%s %s %s %v: %s / %s %s", r.ID, r.Behavior, r.BehaviorClose, r.Duration.Round(time.Millisecond), r.Description, r.Result, r.ResultClose)
	}
}
