module github.com/hawser-ws/hawser/websocket

go 1.25

require github.com/hawser-ws/hawser/wire v0.0.0

replace github.com/hawser-ws/hawser/wire => ../wire
