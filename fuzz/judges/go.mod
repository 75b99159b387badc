module github.com/hawser-ws/hawser/fuzz/judges

go 1.25

require (
	github.com/coder/websocket v1.8.15
	github.com/gobwas/ws v1.4.0
	github.com/gorilla/websocket v1.5.3
	github.com/hawser-ws/hawser/deflate v0.0.0
	github.com/hawser-ws/hawser/fuzz v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/lxzan/gws v1.8.9
	golang.org/x/net v0.50.0
)

require (
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	golang.org/x/sys v0.41.0 // indirect
	golang.org/x/text v0.34.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/deflate => ../../deflate
	github.com/hawser-ws/hawser/fuzz => ../
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
