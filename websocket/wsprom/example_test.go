package wsprom_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsprom"
)

func echo(ctx context.Context, c *websocket.Conn) error {
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

// A server with metrics. A client sends a message, and then Prometheus scrapes the server.
func Example() {
	metrics := wsprom.New()
	reg := prometheus.NewRegistry()
	reg.MustRegister(metrics)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.Handle("/echo", websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Events: metrics.Events()},
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	if _, _, err := c.Read(ctx); err != nil {
		log.Fatal(err)
	}

	response, err := http.Get(server.URL + "/metrics")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "websocket_connections_") {
			fmt.Print(line)
		}
	}
	// Output:
	// websocket_connections_accepted_total 1
	// websocket_connections_open 1
}

// Two handlers have one set of metrics each, which a constant label tells apart.
func ExampleCollector() {
	reg := prometheus.NewRegistry()
	chat, feed := wsprom.New(), wsprom.New()
	prometheus.WrapRegistererWith(prometheus.Labels{"handler": "chat"}, reg).MustRegister(chat)
	prometheus.WrapRegistererWith(prometheus.Labels{"handler": "feed"}, reg).MustRegister(feed)

	families, err := reg.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "websocket_connections_open" {
			for _, m := range f.GetMetric() {
				fmt.Println(m.GetLabel()[0].GetValue(), m.GetGauge().GetValue())
			}
		}
	}
	// Output:
	// chat 0
	// feed 0
}

// A server that also logs the handshakes that it refuses.
func ExampleCollector_Events() {
	metrics := wsprom.New()
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // the time is not in the output below
			}
			return a
		},
	}))
	logs := &websocket.Events{
		Refused: func(r *http.Request, err *websocket.HandshakeError) {
			logger.Warn("refused", "path", r.URL.Path, "status", err.Status)
		},
	}
	h := websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Events: websocket.JoinEvents(metrics.Events(), logs)},
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/chat", nil))
	// Output:
	// level=WARN msg=refused path=/chat status=426
}
