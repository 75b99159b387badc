module github.com/hawser-ws/hawser/compliance/bench

go 1.25

require (
	github.com/coder/websocket v1.8.15
	github.com/fasthttp/websocket v1.5.12
	github.com/gobwas/ws v1.4.0
	github.com/google/go-cmp v0.7.0
	github.com/gorilla/websocket v1.5.3
	github.com/hawser-ws/hawser/compliance v0.0.0
	github.com/hawser-ws/hawser/deflate v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/klauspost/compress v1.20.3
	github.com/lxzan/gws v1.8.9
	github.com/schollz/progressbar/v3 v3.18.0
	github.com/valyala/fasthttp v1.58.0
	golang.org/x/net v0.50.0
	golang.org/x/sys v0.41.0
	golang.org/x/term v0.40.0
)

require (
	github.com/andybalholm/brotli v1.1.1 // indirect
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/pool v0.2.1 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/savsgio/gotils v0.0.0-20240704082632-aef3928b8a38 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/compliance => ../
	github.com/hawser-ws/hawser/deflate => ../../deflate
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
