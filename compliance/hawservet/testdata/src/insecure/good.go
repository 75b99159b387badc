package insecure

import (
	"crypto/tls"
	"flag"

	"github.com/hawser-ws/hawser/websocket"
)

var development = flag.Bool("development", false, "accept any origin")

var (
	_ = websocket.AcceptOptions{Origins: []string{"https://example.com"}}
	_ = websocket.AcceptOptions{InsecureAnyOrigin: false}
	_ = websocket.AcceptOptions{InsecureAnyOrigin: *development}
	_ = websocket.AcceptOptions{
		InsecureAnyOrigin: true, //hawservet:allow insecure there is no user here
	}
	_ = struct{ InsecureAnyOrigin bool }{InsecureAnyOrigin: true}
	_ = tls.Config{InsecureSkipVerify: true} // other analyzers report it
)

func options() (o websocket.AcceptOptions) {
	// A page of any origin may see the time of day.
	//hawservet:allow insecure nothing is protected
	o.InsecureAnyOrigin = true
	return o
}
