// Package middleware tests package websocket inside the routers and the middleware that programs use with
// net/http. It measures whether a WebSocket opens, and which status and which duration the middleware records
// for it. The results are the table in examples/guides/middleware.md. The package has only tests. It is its
// own module because of the libraries that it needs.
package middleware
