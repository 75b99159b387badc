package suite

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/websocket"
)

// RFC 6455, section 10.4: "Implementations that have implementation- and/or
// platform-specific limitations regarding the frame size or total message size after
// reassembly from multiple frames MUST protect themselves against exceeding those
// limits." Autobahn fails a server that does so. The verdict stays, with a remark.
func TestRefusedSize(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}}) // with the default limit of 1 MiB
	defer s.Close()
	url := "ws" + strings.TrimPrefix(s.URL, "http")
	for _, id := range []string{"9.2.4", "9.3.9"} {
		r := oneCase(t, url, id)
		if r.Behavior != report.Failed || !r.TooBig() || !strings.Contains(r.Result, "1009") {
			t.Errorf("%s: %s, %q", id, r.Behavior, r.Result)
		}
		if r.Aside == nil || r.Aside.Rule.Section != "RFC 6455, section 10.4" {
			t.Errorf("%s: the remark is %+v", id, r.Aside)
		}
	}
	if r := oneCase(t, url, "9.2.3"); r.Behavior != report.OK || r.Aside != nil {
		t.Errorf("9.2.3: %s, remark %+v", r.Behavior, r.Aside)
	}
}
