package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// ParseKnown parses a list of known cases, one per line:
//
//	6.4.1    NON-STRICT, close OK      # checks UTF-8 at the end of a message
//
// The reason after the number sign is optional. The verdicts are optional too: without them, any
// verdict is accepted. The word varies instead of verdicts means that the case may also pass.
// Blank lines and lines that begin with a number sign are skipped.
func ParseKnown(r io.Reader) (map[string]Known, error) {
	known := map[string]Known{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, reason, _ := strings.Cut(lines.Text(), "#")
		id, verdicts, _ := strings.Cut(strings.Join(strings.Fields(text), " "), " ")
		if id == "" {
			continue
		}
		if _, ok := known[id]; ok {
			return nil, fmt.Errorf("line %d: case %s is listed twice", n, id)
		}
		k := Known{Reason: strings.TrimSpace(reason)}
		switch verdicts {
		case "":
		case "varies":
			k.Varies = true
		default:
			behavior, closing, ok := strings.Cut(verdicts, ", close ")
			k.Behavior, k.BehaviorClose = Verdict(behavior), Verdict(closing)
			if !ok || !slices.Contains(verdictWords, k.Behavior) ||
				!slices.Contains(verdictWords, k.BehaviorClose) {
				return nil, fmt.Errorf("line %d: invalid verdicts %q; "+
					"want verdicts like \"NON-STRICT, close OK\" or the word varies", n, verdicts)
			}
		}
		known[id] = k
	}
	return known, lines.Err()
}

// WriteKnown writes a list that [ParseKnown] reads.
func WriteKnown(w io.Writer, known map[string]Known) error {
	for _, id := range slices.SortedFunc(maps.Keys(known), CompareIDs) {
		k, verdicts := known[id], ""
		switch {
		case k.Varies:
			verdicts = "varies"
		case k.Behavior != "":
			verdicts = fmt.Sprintf("%s, close %s", k.Behavior, k.BehaviorClose)
		}
		line := fmt.Sprintf("%-8s %-26s", id, verdicts)
		if k.Reason != "" {
			line += " # " + k.Reason
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

var verdictWords = []Verdict{OK, Informational, NonStrict, Unimplemented, Unclean, WrongCode, FailedByClient,
	Failed}
