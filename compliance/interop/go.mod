module github.com/hawser-ws/hawser/compliance/interop

go 1.25

require (
	github.com/chromedp/chromedp v0.23.0
	github.com/hawser-ws/hawser/deflate v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/lxzan/gws v1.8.9
)

require (
	github.com/chromedp/cdproto v0.159.2 // indirect
	github.com/dolthub/maphash v0.1.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
)

replace (
	github.com/hawser-ws/hawser/deflate => ../../deflate
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
