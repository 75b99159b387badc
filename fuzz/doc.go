// Package fuzz will hold hawser's fuzz targets: the decoder of package wire fed
// the same bytes in any chops, its grammars, each fast kernel against its plain
// twin, and connections against a model of the protocol.
//
// It has no behaviour yet: there is no target to run, and it exports nothing.
//
// The targets live in a module of their own so that their corpora, and the
// other libraries that they compare with, cost nothing to those who import
// wire, websocket or deflate. When there are some, each runs with
//
//	go test -fuzz '^FuzzName$' ./fuzz
package fuzz

import (
	_ "github.com/hawser-ws/hawser/deflate" // targets to come
	_ "github.com/hawser-ws/hawser/websocket"
	_ "github.com/hawser-ws/hawser/wire"
)
