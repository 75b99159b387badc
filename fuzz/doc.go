// Package fuzz contains hawser's fuzz targets. They compare the decoder of package wire with
// itself, for the same bytes in other pieces, and with a model of the protocol. They compare
// each parser and each fast kernel with a slower reference implementation, and the messages
// and the end of whole connections with the model.
//
// The targets are in the _test files. The package exports nothing. It is a separate module
// so that the corpora and the libraries used for comparison cost nothing to users of wire,
// websocket and deflate. From the top of the checkout, run one target with
//
//	go test -fuzz '^FuzzName$' ./fuzz
//
// and all targets, one after the other and each for a limited time, with
//
//	go run ./fuzz/cmd/fuzzall
//
// The file of a target compiles without the other _test files. Code that targets share is in
// packages below internal. Inputs that once made a target fail stay in testdata/fuzz, and
// every go test runs them.
package fuzz
