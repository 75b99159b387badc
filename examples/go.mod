module github.com/hawser-ws/hawser/examples

go 1.25

require (
	github.com/google/go-cmp v0.7.0
	github.com/hawser-ws/hawser/deflate v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	golang.org/x/time v0.14.0
)

require github.com/klauspost/compress v1.20.3 // indirect

replace (
	github.com/hawser-ws/hawser/deflate => ../deflate
	github.com/hawser-ws/hawser/websocket => ../websocket
	github.com/hawser-ws/hawser/wire => ../wire
)
