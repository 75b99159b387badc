package report

import "maps"

// titles maps groups and subgroups of cases to their titles. Numbered groups are those of the
// original suite. It lacks the letter groups.
var titles = map[string]string{
	"1":     "Framing",
	"1.1":   "Text messages of many sizes",
	"1.2":   "Binary messages of many sizes",
	"2":     "Pings and pongs",
	"3":     "Reserved bits",
	"4":     "Opcodes",
	"4.1":   "Reserved opcodes of data frames",
	"4.2":   "Reserved opcodes of control frames",
	"5":     "Fragmentation",
	"6":     "UTF-8",
	"6.1":   "Empty messages and fragments",
	"6.2":   "Valid text, fragmented between and inside characters",
	"6.3":   "Invalid text, fragmented in several ways",
	"6.4":   "Invalid text is refused at once",
	"6.5":   "Valid text",
	"6.6":   "All prefixes of a text",
	"6.7":   "First character of each length",
	"6.8":   "First sequences of five and six bytes, which are invalid",
	"6.9":   "Last character of each length",
	"6.10":  "Last sequences of four to six bytes, beyond Unicode",
	"6.11":  "Boundaries of ranges",
	"6.12":  "Unexpected continuation bytes",
	"6.13":  "Start bytes without continuation bytes",
	"6.14":  "Sequences without their last byte",
	"6.15":  "Concatenated incomplete sequences",
	"6.16":  "Bytes that never occur in UTF-8",
	"6.17":  "Overlong forms of an ASCII character",
	"6.18":  "The longest overlong forms",
	"6.19":  "Overlong forms of NUL",
	"6.20":  "Single surrogates",
	"6.21":  "Pairs of surrogates",
	"6.22":  "Noncharacters, which are valid",
	"6.23":  "Specials, such as U+FFFD",
	"7":     "Closing",
	"7.1":   "The closing handshake",
	"7.3":   "Close frames of many lengths",
	"7.5":   "A reason that is not UTF-8",
	"7.7":   "Valid status codes",
	"7.9":   "Invalid status codes",
	"7.13":  "Undefined status codes",
	"9":     "Limits and performance",
	"9.1":   "Text messages up to 16 MiB",
	"9.2":   "Binary messages up to 16 MiB",
	"9.3":   "4 MiB of text in fragments",
	"9.4":   "4 MiB of binary data in fragments",
	"9.5":   "1 MiB of text in small writes",
	"9.6":   "1 MiB of binary data in small writes",
	"9.7":   "Round trips of 1,000 text messages",
	"9.8":   "Round trips of 1,000 binary messages",
	"10":    "Automatic fragmentation",
	"10.1":  "Text fragmented by the sender",
	"12":    "Compression by payload",
	"12.1":  "JSON",
	"12.2":  "A bitmap",
	"12.3":  "German prose",
	"12.4":  "HTML",
	"12.5":  "PDF, already compressed",
	"13":    "Compression by parameters",
	"13.1":  "The defaults",
	"13.2":  "No context takeover",
	"13.3":  "A window of 9 bits",
	"13.4":  "A window of 15 bits",
	"13.5":  "No context takeover, a window of 9 bits",
	"13.6":  "No context takeover, a window of 15 bits",
	"13.7":  "Three offers",
	"H":     "Opening handshake of a server",
	"L":     "Lengths, masks and fragments",
	"X":     "Extensions and compression",
	"R":     "Floods, stalls and broken connections",
	"C":     "Responses and frames that a client must refuse",
	"other": "Other cases",
}

// Title returns the title of a group or subgroup of cases, such as "6" or "6.4", or "" if it has
// no title.
func Title(group string) string { return titles[group] }

// titlesWith returns the titles, overridden by those in more.
func titlesWith(more map[string]string) map[string]string {
	all := maps.Clone(titles)
	maps.Copy(all, more)
	return all
}
