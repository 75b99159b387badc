package broken

// A validator validates UTF-8 byte by byte, RFC 3629, section 4. It detects an error at the
// first byte after which the text cannot become valid.
type validator struct {
	defect
	need   int  // missing continuation bytes
	lo, hi byte // the bounds of the next one
}

// check reports whether the text is valid so far, with b appended.
func (v *validator) check(b []byte) bool {
	for _, c := range b {
		if v.need > 0 {
			if c < v.lo || c > v.hi {
				return false
			}
			v.lo, v.hi = 0x80, 0xbf
			v.need--
		} else if c >= 0x80 && !v.start(c) {
			return false
		}
	}
	return true
}

// start handles the first byte of a character that is not ASCII.
func (v *validator) start(c byte) bool {
	v.lo, v.hi = 0x80, 0xbf
	overlong := v.broken("utf8-overlong")
	switch {
	case c == 0xc0 || c == 0xc1:
		v.need = 1
		return overlong
	case c >= 0xc2 && c <= 0xdf:
		v.need = 1
	case c >= 0xe0 && c <= 0xef:
		v.need = 2
		if c == 0xe0 && !overlong {
			v.lo = 0xa0
		}
		if c == 0xed && !v.broken("utf8-surrogates") {
			v.hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		v.need = 3
		if c == 0xf0 && !overlong {
			v.lo = 0x90
		}
		if c == 0xf4 && !v.broken("utf8-beyond") {
			v.hi = 0x8f
		}
	case c >= 0xf5 && c <= 0xf7:
		v.need = 3
		return v.broken("utf8-beyond")
	case c >= 0xf8 && c <= 0xfd:
		v.need = 4
		if c >= 0xfc {
			v.need = 5
		}
		return v.broken("utf8-five")
	default:
		return false
	}
	return true
}

// whole reports whether the text may end here.
func (v *validator) whole() bool { return v.need == 0 || v.broken("utf8-cut") }
