package deflate

// A decoder inflates the messages of one connection, one at a time. It keeps the window
// between messages, and borrows an inflater, about 6 KiB, for each message.
type decoder struct {
	ext      *Extension
	takeover bool
	window   window
	inf      *inflater // nil between messages
}

// Append implements [wire.MessageDecoder]. An error is an [*Error]. Until Release, further
// calls return the same error.
func (d *decoder) Append(dst, src []byte, fin bool, max int) (
	out []byte, consumed int, more bool, err error,
) {
	if d.inf == nil {
		d.inf = d.ext.inflaters.Get().(*inflater)
		var w *window
		if d.takeover {
			w = &d.window
		}
		d.inf.begin(w)
	}
	return d.inf.append(dst, src, fin, max)
}

// Release implements [wire.MessageDecoder]. It may be called more than once.
func (d *decoder) Release() {
	if d.inf != nil {
		d.inf.end()
		d.ext.inflaters.Put(d.inf)
		d.inf = nil
	}
}

func (d *decoder) close() {
	d.Release()
	d.window.free()
}
