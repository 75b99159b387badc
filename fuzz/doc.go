// Package fuzz holds hawser's fuzz targets: the decoder of package wire fed the
// same bytes in any chops, its grammars, each fast kernel against its plain
// twin, and connections, with the way they end, against a model of the protocol.
//
// The targets are in its _test files; it exports nothing. They live in a module
// of their own so that their corpora, and the other libraries that they compare
// with, cost nothing to those who import wire, websocket or deflate. From the
// top of the checkout, each runs with
//
//	go test -fuzz '^FuzzName$' ./fuzz
//
// and all of them, one after the other and bounded, with
//
//	go run ./fuzz/cmd/fuzzall
//
// A target's file needs no other _test file: what targets share is in packages
// below internal. Inputs that once made a target fail stay under testdata/fuzz,
// and every go test runs them.
package fuzz
