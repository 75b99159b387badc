module github.com/hawser-ws/hawser/compliance/cmd/wscheck

go 1.25

require (
	github.com/google/go-cmp v0.7.0
	github.com/hawser-ws/hawser/compliance v0.0.0
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/jstemmer/go-junit-report/v2 v2.1.0
	github.com/schollz/progressbar/v3 v3.18.0
	golang.org/x/term v0.40.0
)

require (
	github.com/hawser-ws/hawser/deflate v0.0.0 // indirect
	github.com/hawser-ws/hawser/wire v0.0.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	golang.org/x/sys v0.41.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/compliance => ../../
	github.com/hawser-ws/hawser/deflate => ../../../deflate
	github.com/hawser-ws/hawser/websocket => ../../../websocket
	github.com/hawser-ws/hawser/wire => ../../../wire
)
