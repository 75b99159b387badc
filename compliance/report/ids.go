package report

import (
	"cmp"
	"slices"
	"strings"
)

// letters are the letter groups in order. They follow the numbered groups.
const letters = "HLXRC"

// CompareIDs compares the ids of cases by their numbers: 1.1.2 is before 1.1.10. The letter
// groups H, L, X, R and C follow the numbered groups, in this order. The result is negative if
// a is before b, zero if they are equal, and positive otherwise.
func CompareIDs(a, b string) int {
	return cmp.Or(slices.CompareFunc(parts(a), parts(b), compareParts), strings.Compare(a, b))
}

// parts splits an id at its dots and between digits and other characters.
func parts(id string) []string {
	var parts []string
	for id != "" {
		n := 1
		for n < len(id) && id[n] != '.' && digit(id[n]) == digit(id[0]) {
			n++
		}
		parts = append(parts, id[:n])
		id = strings.TrimPrefix(id[n:], ".")
	}
	return parts
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func compareParts(a, b string) int {
	an, bn := digit(a[0]), digit(b[0])
	switch {
	case an && bn: // of any length
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	case an:
		return -1
	case bn:
		return 1
	}
	return cmp.Or(cmp.Compare(letter(a), letter(b)), strings.Compare(a, b))
}

// letter returns the index of a letter group. Unknown groups are last.
func letter(s string) int {
	if i := strings.Index(letters, s); i >= 0 {
		return i
	}
	return len(letters)
}

// groupOf returns the group of a case, such as "9" for "9.1.2" or "H" for "H1.2", and its
// subgroup, such as "9.1" or "H.1". sub is "" if the id has fewer than three parts.
func groupOf(id string) (group, sub string) {
	p := parts(id)
	if len(p) > 0 {
		group = p[0]
	}
	if len(p) > 2 {
		sub = group + "." + p[1]
	}
	return group, sub
}
