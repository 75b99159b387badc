package report

import (
	"fmt"
	"slices"
	"strconv"
)

// A Policy decides which results fail a run. By the zero Policy, violations of MUST and SHOULD
// fail, and cases that the peer declined are skipped.
type Policy struct {
	// FailOn is the mildest verdict that fails the run:
	//
	//   - [Failed]: FAILED, UNCLEAN and FAILED BY CLIENT fail.
	//   - [NonStrict], the default: NON-STRICT and WRONG CODE fail too.
	//   - [Unimplemented]: only OK and INFORMATIONAL pass.
	FailOn Verdict

	// AnySize makes a case fail if the peer refuses a large message with 1009, as in the
	// original suite. By default, such a case is skipped, unless FailOn is Unimplemented,
	// because RFC 6455 allows limits. See [Result.TooBig].
	AnySize bool

	// Known has the cases that may fall short, by id.
	Known map[string]Known
}

// A Known is a case that may fall short.
type Known struct {
	Behavior, BehaviorClose Verdict // required verdicts; "" allows any
	Varies                  bool    // the case may also pass, for example because of a race
	Reason                  string
}

// An Outcome is the effect of a result on the run.
type Outcome int

// Outcomes, from best to worst.
const (
	Passes     Outcome = iota
	Skipped            // the peer declined what the case tests
	KnownShort         // falls short, but is listed in Policy.Known
	Short              // falls short and fails the run
)

// Outcome returns the outcome of a result.
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

// Stale returns a sentence for each known case that did not run, or that passed in all results
// and is not known to vary.
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

// severity orders verdicts. Unknown verdicts are worst.
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

// TooBig reports whether the peer refused a message of 4 KiB or more in a numbered case with
// status code 1009. RFC 6455, sections 7.4.1 and 10.4, allow limits. In the letter groups, the
// verdict takes limits into account.
func (r *Result) TooBig() bool {
	id := parts(r.ID)
	if r.RemoteCloseCode != 1009 || r.ClosedByMe || len(id) != 3 {
		return false
	}
	group, sub := id[0], id[1]
	n, _ := strconv.Atoi(id[2]) // 0 if it is not a number; no case has the number 0
	switch group {
	case "1":
		return n >= 6
	case "9":
		return sub <= "6" // 9.7 and 9.8 send small messages, one after another
	case "12", "13":
		return n >= 5
	}
	return group == "10"
}
