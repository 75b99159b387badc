module github.com/hawser-ws/hawser/wire

go 1.25
