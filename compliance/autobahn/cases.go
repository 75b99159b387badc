package autobahn

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Version is the release of the suite that this package expects. The cases have been
// the same since release 0.7.
const Version = "25.10.1"

// caseGroups lists the groups of the suite, in the suite's order, with the number of
// cases in each. Within a group the cases are numbered from 1 without a gap. There is no
// group 8 or 11.
var caseGroups = [...]struct {
	name  string
	cases int
}{
	{"1.1", 8}, {"1.2", 8}, // text and binary messages
	{"2", 11},              // pings and pongs
	{"3", 7},               // reserved bits
	{"4.1", 5}, {"4.2", 5}, // reserved opcodes
	{"5", 20},                                                               // fragmentation
	{"6.1", 3}, {"6.2", 4}, {"6.3", 2}, {"6.4", 4}, {"6.5", 5}, {"6.6", 11}, // UTF-8
	{"6.7", 4}, {"6.8", 2}, {"6.9", 4}, {"6.10", 3}, {"6.11", 5}, {"6.12", 8},
	{"6.13", 5}, {"6.14", 10}, {"6.15", 1}, {"6.16", 3}, {"6.17", 5}, {"6.18", 5},
	{"6.19", 5}, {"6.20", 7}, {"6.21", 8}, {"6.22", 34}, {"6.23", 7},
	{"7.1", 6}, {"7.3", 6}, {"7.5", 1}, {"7.7", 13}, {"7.9", 9}, {"7.13", 2}, // closing
	{"9.1", 6}, {"9.2", 6}, {"9.3", 9}, {"9.4", 9}, // large messages
	{"9.5", 6}, {"9.6", 6}, {"9.7", 6}, {"9.8", 6},
	{"10.1", 1},                                                          // automatic fragmentation
	{"12.1", 18}, {"12.2", 18}, {"12.3", 18}, {"12.4", 18}, {"12.5", 18}, // deflate
	{"13.1", 18}, {"13.2", 18}, {"13.3", 18}, {"13.4", 18}, // deflate's parameters
	{"13.5", 18}, {"13.6", 18}, {"13.7", 18},
}

// allCases returns the ids of all cases in the order in which the suite runs them.
func allCases() []string {
	var ids []string
	for _, g := range caseGroups {
		for i := 1; i <= g.cases; i++ {
			ids = append(ids, g.name+"."+strconv.Itoa(i))
		}
	}
	return ids
}

// ExpandCases returns the ids that match a pattern in include but no pattern in exclude,
// in the order in which the suite runs them. An empty include matches every case. In a
// pattern, * matches any run of characters, and the pattern must match the whole id:
// "12.*.1" matches five cases, such as 12.1.1, while wstest itself would also match
// 12.1.10 to 12.1.18. It is an error if a pattern matches no case, or if no case is left.
func ExpandCases(include, exclude []string) ([]string, error) {
	if len(include) == 0 {
		include = []string{"*"}
	}
	all := allCases()
	for _, p := range slices.Concat(include, exclude) {
		match := func(id string) bool { return matchCase(p, id) }
		if !slices.ContainsFunc(all, match) {
			return nil, fmt.Errorf("no case of the suite matches %q; "+
				"an id is like 2.10, a pattern like 6.*", p)
		}
	}
	ids := slices.DeleteFunc(all, func(id string) bool {
		match := func(p string) bool { return matchCase(p, id) }
		return !slices.ContainsFunc(include, match) || slices.ContainsFunc(exclude, match)
	})
	if len(ids) == 0 {
		return nil, errors.New("the patterns exclude every case that they include")
	}
	return ids, nil
}

// matchCase reports whether the whole of id matches the pattern.
func matchCase(pattern, id string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == id
	}
	if !strings.HasPrefix(id, head) {
		return false
	}
	for tail := id[len(head):]; ; tail = tail[1:] {
		if matchCase(rest, tail) {
			return true
		}
		if tail == "" {
			return false
		}
	}
}
