package report

import (
	"fmt"
	"slices"
	"strconv"
)

// A Policy says which results fail a run. The zero value fails what an RFC forbids or
// advises against, and lets pass what the peer declined.
type Policy struct {
	// FailOn is the mildest verdict that fails:
	//
	//   - [Failed]: FAILED, UNCLEAN and FAILED BY CLIENT fail.
	//   - [NonStrict], the default: NON-STRICT and WRONG CODE fail, too.
	//   - [Unimplemented]: only OK and INFORMATIONAL pass.
	FailOn Verdict

	// AnySize fails a peer that refuses a large message with 1009, as the original
	// suite does. RFC 6455 lets a peer have a limit, so such a case is skipped by
	// default, unless FailOn is Unimplemented. See [Result.TooBig].
	AnySize bool

	// Known are the cases that may fall short, by id.
	Known map[string]Known
}

// A Known is a case that may fall short.
type Known struct {
	Behavior, BehaviorClose Verdict // what they must be; "" allows any
	Varies                  bool    // it may also pass, as the outcome of a race does
	Reason                  string
}

// An Outcome is what a result means for a run.
type Outcome int

// The outcomes, from good to bad.
const (
	Passes     Outcome = iota
	Skipped            // the peer declined what the case is about
	KnownShort         // it falls short, as is known
	Short              // it falls short, and fails the run
)

// Outcome returns what a result means.
func (p Policy) Outcome(r *Result) Outcome {
	bar := severity(NonStrict)
	if p.FailOn != "" {
		bar = severity(p.FailOn)
	}
	worst := max(severity(r.Behavior), severity(r.BehaviorClose))
	known, isKnown := p.Known[r.ID]
	switch {
	case worst >= bar && r.TooBig() && !p.AnySize && bar > severity(Unimplemented):
		return Skipped
	case worst >= bar && isKnown && known.covers(r):
		return KnownShort
	case worst >= bar:
		return Short
	case worst == severity(Unimplemented):
		return Skipped
	}
	return Passes
}

func (k Known) covers(r *Result) bool {
	return k.Behavior == "" || k.Behavior == r.Behavior && k.BehaviorClose == r.BehaviorClose
}

// Stale returns the known cases that are in none of the results, or that pass in all of
// them and are not known to vary. Each is a sentence that says so.
func (p Policy) Stale(results []*Result) (sentences []string) {
	ran, short := map[string]bool{}, map[string]bool{}
	for _, r := range results {
		ran[r.ID] = true
		short[r.ID] = short[r.ID] || !r.Passed()
	}
	for id, k := range p.Known {
		switch {
		case !ran[id]:
			sentences = append(sentences,
				fmt.Sprintf("%s did not run, but is known to fall short%s", id, k.because()))
		case !short[id] && !k.Varies:
			sentences = append(sentences,
				fmt.Sprintf("%s passes, but is known to fall short%s", id, k.because()))
		}
	}
	slices.SortFunc(sentences, CompareIDs)
	return sentences
}

func (k Known) because() string {
	if k.Reason == "" {
		return ""
	}
	return ": " + k.Reason
}

// severity orders verdicts. An unknown word is the worst.
func severity(v Verdict) int {
	switch v {
	case OK, Informational:
		return 0
	case Unimplemented:
		return 1
	case NonStrict, WrongCode:
		return 2
	}
	return 3
}

// TooBig reports whether the peer refused the message of a numbered case with 1009, and
// the message has 4 KiB or more. By RFC 6455, sections 7.4.1 and 10.4, a peer may have a
// limit. In the groups of letters the verdict says so itself.
func (r *Result) TooBig() bool {
	id := parts(r.ID)
	if r.RemoteCloseCode != 1009 || r.ClosedByMe || len(id) != 3 {
		return false
	}
	group, sub := id[0], id[1]
	n, _ := strconv.Atoi(id[2]) // 0, which is no case, if it is not a number
	switch group {
	case "1":
		return n >= 6
	case "9":
		return sub <= "6" // the others send small messages, one after the other
	case "12", "13":
		return n >= 5
	}
	return group == "10"
}
