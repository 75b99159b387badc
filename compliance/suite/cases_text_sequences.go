package suite

import "strings"

// A sequenceSet is a subgroup of group 6.
type sequenceSet struct {
	what  string
	bytes []string
}

// sequences returns the byte sequences of 6.5 to 6.23: the boundaries of UTF-8 (RFC 3629), on both sides.
func sequences() []sequenceSet {
	var prefixes []string
	for i := range len(validText) {
		prefixes = append(prefixes, validText[:i+1])
	}
	var continuations strings.Builder
	for b := byte(0x80); b < 0xbf; b++ {
		continuations.WriteByte(b)
	}
	cut := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	return []sequenceSet{
		{"Characters of one to four bytes",
			[]string{"hello$world", "hello\u00a2world", "hello\u20acworld", "hello\U00024b62world",
				validText}},
		{"A prefix of Greek text", prefixes},
		{"The first character with this many bytes", []string{"\x00", "\u0080", "\u0800", "\U00010000"}},
		{"The first sequence of five or six bytes",
			[]string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
		{"The last character with this many bytes", []string{"\x7f", "\u07ff", "\uffff", "\U0010ffff"}},
		{"The last sequence of four, five or six bytes",
			[]string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
		{"Next to the surrogates, and at the end of Unicode",
			[]string{"\ud7ff", "\ue000", "\ufffd", "\U0010ffff", "\xf4\x90\x80\x80"}},
		{"Continuation bytes alone", []string{
			"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80",
			"\x80\xbf\x80\xbf\x80\xbf", continuations.String(),
		}},
		{"Start bytes alone", []string{lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7),
			lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)}},
		{"The last byte is missing", cut},
		{"Sequences without their last bytes", []string{strings.Join(cut, "")}},
		{"Bytes that never occur in UTF-8", []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
		{"A slash in too many bytes", []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
			"\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
		{"The last character that needs one byte fewer",
			[]string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf",
				"\xfc\x83\xbf\xbf\xbf\xbf"}},
		{"NUL in too many bytes", []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
			"\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
		{"A surrogate", surrogates("\xa0\x80", "\xad\xbf", "\xae\x80", "\xaf\xbf", "\xb0\x80", "\xbe\x80",
			"\xbf\xbf")},
		{"A pair of surrogates", surrogates(
			"\xa0\x80\xed\xb0\x80", "\xa0\x80\xed\xbf\xbf", "\xad\xbf\xed\xb0\x80", "\xad\xbf\xed\xbf\xbf",
			"\xae\x80\xed\xb0\x80", "\xae\x80\xed\xbf\xbf", "\xaf\xbf\xed\xb0\x80", "\xaf\xbf\xed\xbf\xbf")},
		{"A noncharacter, which is valid", noncharacters()},
		{"A special character", []string{"\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe",
			"\uffff"}},
	}
}

// lonely returns every start byte from first up to, but not including, last, each followed by a space.
func lonely(first, last byte) string {
	var s strings.Builder
	for b := first; b < last; b++ {
		s.WriteByte(b)
		s.WriteByte(' ')
	}
	return s.String()
}

// surrogates returns the rests, each preceded by the first byte of a surrogate.
func surrogates(rests ...string) []string {
	for i := range rests {
		rests[i] = "\xed" + rests[i]
	}
	return rests
}

// noncharacters returns the last two code points of each plane: those of the first plane, and then the
// others in the order of their bytes.
func noncharacters() []string {
	list := []string{"\ufffe", "\uffff"}
	for plane := rune(1); plane <= 16; plane++ {
		list = append(list, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return list
}
