module github.com/hawser-ws/hawser/compliance/bench

go 1.26

require (
	github.com/coder/websocket v1.8.15
	github.com/gobwas/ws v1.5.0
	github.com/google/go-cmp v0.7.0
	github.com/gorilla/websocket v1.5.3
	github.com/hawser-ws/hawser/compliance v0.0.0-00010101000000-000000000000
	github.com/hawser-ws/hawser/deflate v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/klauspost/compress v1.20.3
	github.com/lxzan/gws v1.8.9
	golang.org/x/sys v0.41.0
)

require (
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/compliance => ../
	github.com/hawser-ws/hawser/deflate => ../../deflate
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
