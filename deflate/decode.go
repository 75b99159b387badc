package deflate

// A decoder inflates the messages of one connection, one at a time. Between
// messages it holds the window; the inflater, some 6 KiB, it borrows.
type decoder struct {
	ext      *Extension
	takeover bool
	window   window
	inf      *inflater // while a message is open
}

// Append implements [wire.MessageDecoder]. An error is an [*Error] and stays until
// Release.
func (d *decoder) Append(dst, src []byte, fin bool, max int) (out []byte, consumed int, more bool, err error) {
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

// Release implements [wire.MessageDecoder]. It may be called again.
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
