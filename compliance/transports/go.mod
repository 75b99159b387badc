module github.com/hawser-ws/hawser/compliance/transports

go 1.25

require (
	github.com/hashicorp/yamux v0.1.2
	github.com/hawser-ws/hawser/websocket v0.0.0
	github.com/hawser-ws/hawser/wire v0.0.0
	github.com/pires/go-proxyproto v0.11.0
	github.com/refraction-networking/utls v1.8.1
	github.com/soheilhy/cmux v0.1.5
	github.com/xtaci/smux v1.5.58
	golang.org/x/crypto v0.48.0
	golang.org/x/net v0.50.0
	google.golang.org/grpc v1.79.0
)

require (
	github.com/andybalholm/brotli v1.0.6 // indirect
	github.com/google/go-cmp v0.7.0
	github.com/klauspost/compress v1.17.4 // indirect
	golang.org/x/sys v0.41.0 // indirect
	golang.org/x/text v0.34.0 // indirect
)

replace (
	github.com/hawser-ws/hawser/websocket => ../../websocket
	github.com/hawser-ws/hawser/wire => ../../wire
)
