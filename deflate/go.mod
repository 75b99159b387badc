module github.com/hawser-ws/hawser/deflate

go 1.25

require (
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/klauspost/compress v1.20.3
)

replace github.com/hawser-ws/hawser/wire => ../wire
