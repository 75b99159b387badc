module github.com/hawser-ws/hawser/websocket/wsotel

go 1.25.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	go.opentelemetry.io/otel v1.46.0
	go.opentelemetry.io/otel/metric v1.46.0
	go.opentelemetry.io/otel/sdk/metric v1.46.0
)

replace (
	github.com/hawser-ws/hawser/websocket => ../
	github.com/hawser-ws/hawser/wire => ../../wire
)
