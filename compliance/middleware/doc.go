// Package middleware checks package websocket behind the routers and the middleware
// that programs use with net/http: whether a WebSocket opens, and which status and
// which duration the middleware records for it. The results are the table in
// examples/guides/middleware.md. The package has tests alone. It is a module of its
// own because of the libraries that it needs.
package middleware
