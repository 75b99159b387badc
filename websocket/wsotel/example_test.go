package wsotel_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsotel"
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

// A server with metrics, which a reader collects. A program uses a reader that exports them, such
// as one of the package otlpmetrichttp.
func ExampleNew() {
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	events, err := wsotel.New(provider, attribute.String("handler", "echo"))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Events: events},
	})
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, nil)
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

	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	// Unordered output:
	// websocket.active_connections {connection}
	// websocket.accepted_connections {connection}
	// websocket.message.size By
	// websocket.message.wire_size By
}
