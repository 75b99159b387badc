module github.com/hawser-ws/hawser/fuzz/mutation

go 1.25

require (
	github.com/google/go-cmp v0.7.0
	github.com/hawser-ws/hawser/fuzz v0.0.0
	golang.org/x/tools v0.42.0
)

require (
	golang.org/x/mod v0.33.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/deflate => ../../deflate
	github.com/hawser-ws/hawser/fuzz => ../
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
