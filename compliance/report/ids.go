package report

import (
	"cmp"
	"slices"
	"strings"
)

// letters are the groups of letters in the order in which they follow the numbers.
const letters = "HLXRC"

// CompareIDs orders the ids of cases by their numbers: 1.1.2 is before 1.1.10, and
// groups of letters come after all numbers, H first, then L, X, R and C. It returns
// a negative number if a is before b, zero if they are the same, else a positive one.
func CompareIDs(a, b string) int {
	return cmp.Or(slices.CompareFunc(parts(a), parts(b), compareParts), strings.Compare(a, b))
}

// parts cuts an id at its dots and between digits and other characters.
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

// letter is the place of a group among the letters, the unknown ones last.
func letter(s string) int {
	if i := strings.Index(letters, s); i >= 0 {
		return i
	}
	return len(letters)
}

// groupOf returns the group of a case, such as "9" of "9.1.2" or "H" of "H1.2",
// and its subgroup, "9.1" or "H.1"; "" if the id has fewer than three parts.
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
