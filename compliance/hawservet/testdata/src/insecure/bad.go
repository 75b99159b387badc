package insecure

import "github.com/hawser-ws/hawser/websocket"

const anyOrigin = 1 > 0

var handler = websocket.Handler{Options: &websocket.AcceptOptions{
	InsecureAnyOrigin: true, // want `InsecureAnyOrigin turns off a check, so that any web page can use the server`
}}

var _ = websocket.AcceptOptions{InsecureAnyOrigin: anyOrigin} // want `InsecureAnyOrigin`

func set(o *websocket.AcceptOptions) {
	o.InsecureAnyOrigin = true // want `InsecureAnyOrigin .*hawservet:allow insecure$`
	//hawservet:allow insecure
	o.InsecureAnyOrigin = true // want `InsecureAnyOrigin .* \(the comment that allows it must give a reason\)$`
	//hawservet:allow lostconn another rule
	o.InsecureAnyOrigin = true // want `InsecureAnyOrigin`
}
