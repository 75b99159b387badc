package exchange

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
)

// This file and read call the hooks of a ClientTrace where http.Transport does. http.Request.Write
// and net.Dialer call the others, by the context that they are given.

var untraced httptrace.ClientTrace

// traceOf returns the hooks of ctx. They are all nil if it has none.
func traceOf(ctx context.Context) *httptrace.ClientTrace {
	return cmp.Or(httptrace.ContextClientTrace(ctx), &untraced)
}

// GetConn traces that a connection to addr, the server or its proxy, is about to be opened.
func GetConn(ctx context.Context, addr string) {
	if f := traceOf(ctx).GetConn; f != nil {
		f(addr)
	}
}

// GotConn traces that nc is about to be used for the request.
func GotConn(ctx context.Context, nc net.Conn) {
	if f := traceOf(ctx).GotConn; f != nil {
		f(httptrace.GotConnInfo{Conn: nc})
	}
}

// StartTLS performs a TLS handshake, if tc has not done so, and traces it.
func StartTLS(ctx context.Context, tc *tls.Conn) error {
	trace := traceOf(ctx)
	if trace.TLSHandshakeStart != nil {
		trace.TLSHandshakeStart()
	}
	err := tc.HandshakeContext(ctx)
	if trace.TLSHandshakeDone != nil {
		state := tls.ConnectionState{}
		if err == nil {
			state = tc.ConnectionState()
		}
		trace.TLSHandshakeDone(state, err)
	}
	return err
}
