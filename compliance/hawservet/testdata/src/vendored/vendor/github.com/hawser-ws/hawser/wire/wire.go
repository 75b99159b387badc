// Package wire is a vendored copy, like package websocket in the same directory.
package wire

type Decoder struct{}

func (d *Decoder) Next(b []byte) (f Frame, n int, err error) { return }

type Frame struct{ Payload []byte }
