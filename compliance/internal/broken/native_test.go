package broken_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// full runs every case that the original suite ran, which takes minutes. Otherwise each peer
// runs one of the cases in which the original's verdict differs, and one of the letter groups
// that detect its defect.
var full = flag.Bool("full", os.Getenv("HAWSER_FULL") != "", "run all cases")

// letters makes the tests print the cases of the letter groups that detect each defect.
var letters = flag.Bool("letters", false, "list the cases of the letter groups that detect each defect")

const (
	atOnce = 24 // cases at once, most of which wait
	tries  = 5  // before a verdict that differs counts, because machines are busy
)

// slow lists the defects that a suite detects only by waiting for many seconds, more than
// once. They are tested only with full.
var slow = []string{"handshake-stalls", "pong-at-message-end"}

// Reasons for verdicts that differ from those of the original.
const (
	timing = "whether the next bytes have arrived depends on timing"
	noTail = "the tail is read as an empty block, while zlib fails at the next message; group X detects it"
)

// known lists the defects with verdicts that may differ. They are still tested.
var known = map[string]string{
	"messages-swapped":  timing,
	"deflate-tail-kept": noTail,
}

// noise lists the defects that read bytes of a payload as a header or unmask it with the wrong
// bytes of a key. As keys are random, the connection may end in any way. The verdicts only need
// to fall short.
var noise = []string{"length16-missing", "length16-swapped", "length64-missing", "header-one-read",
	"payload-one-read", "mask-restarts",
	"deflate-not-deflated", // how zlib fails depends on the text
}

// A question is a case to run against a peer, and the original's verdicts.
type question struct {
	defect, role, id string
	want             []broken.Verdict
}

// Hawser's suite detects each defect in the same cases and with the same verdicts as the
// original.
func TestNativeAgrees(t *testing.T) {
	original, err := broken.ReadOriginal()
	if err != nil {
		t.Fatal(err)
	}
	var questions []question
	for role, verdicts := range original.Right {
		ids := slices.Sorted(maps.Keys(verdicts))
		if !*full {
			ids = slices.DeleteFunc(ids,
				func(id string) bool { return id[0] == '9' || len(id) > 2 && id[2] == '.' })
		}
		for _, id := range ids {
			questions = append(questions, question{"", role, id, []broken.Verdict{verdicts[id]}})
		}
	}
	for _, run := range original.Runs {
		questions = append(questions, questionsOf(t, original, run)...)
	}
	askAll(t, questions)
}

// questionsOf returns the questions about a peer.
func questionsOf(t *testing.T, original *broken.Original, run broken.OriginalRun) (questions []question) {
	ids := slices.Sorted(maps.Keys(run.Differs))
	if *full {
		var err error
		if ids, err = autobahn.ExpandCases(run.Cases, nil); err != nil {
			t.Fatal(err)
		}
	} else if len(ids) > 1 {
		ids = ids[len(ids)/2:][:1]
	}
	for _, id := range ids {
		want := run.Differs[id]
		if want == nil {
			want = []broken.Verdict{original.Right[run.Role][id]}
		}
		questions = append(questions, question{run.Defect, run.Role, id, want})
	}
	return questions
}

// askAll runs the cases of the questions, several at once, and reports each verdict that
// differs from the original's.
func askAll(t *testing.T, questions []question) {
	servers := map[string]string{} // URLs by defect
	for _, q := range questions {
		if q.role != "server" || servers[q.defect] != "" {
			continue
		}
		s := &broken.Server{Defect: q.defect}
		url, err := s.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		servers[q.defect] = url
	}
	// again asks until the verdict fits, because the machine may be busy.
	again := func(q question) (got broken.Verdict, err error) {
		for range tries {
			if got, err = ask(t.Context(), q, servers[q.defect]); err == nil && q.fits(got) {
				break
			}
		}
		return got, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var left []question // did not fit while others ran
	free := make(chan struct{}, atOnce)
	for _, q := range questions {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			if got, err := again(q); err != nil || !q.fits(got) {
				mu.Lock()
				defer mu.Unlock()
				left = append(left, q)
			}
		})
	}
	wg.Wait()
	differs := map[string]bool{}
	for _, q := range left {
		got, err := again(q)
		why := known[q.defect]
		switch {
		case err != nil:
			t.Errorf("%s %q, case %s: %v", q.role, q.defect, q.id, err)
		case q.fits(got):
		case why != "":
			t.Logf("%s %q, case %s: %q, want the original's %q (known: %s)", q.role, q.defect, q.id, got, q.want,
				why)
			differs[q.defect] = true
		default:
			t.Errorf("%s %q, case %s: %q, want the original's %q", q.role, q.defect, q.id, got, q.want)
		}
	}
	for name, why := range known {
		if *full && !differs[name] && why != timing {
			t.Errorf("%s no longer differs; remove it from known", name)
		}
	}
	t.Logf("%d cases on %d servers and their clients", len(questions), len(servers))
}

// fits reports whether a verdict agrees with the original's.
func (q question) fits(got broken.Verdict) bool {
	if slices.Contains(noise, q.defect) {
		return got != broken.Verdict{"OK", "OK"} || slices.Contains(q.want, got)
	}
	return slices.Contains(q.want, got)
}

// The letter groups detect the defects that the original cannot. A peer without a defect passes
// their cases, and a peer with the defect has other verdicts.
func TestLettersCatch(t *testing.T) {
	cases, err := suite.Cases([]string{"*"}, []string{"1*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*"})
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"server", "client"} {
		var asked []peer
		all := idsFor(role, cases)
		if !*full && !*letters {
			all = nil
		}
		for _, d := range broken.Defects() {
			if d.Roles&broken.RoleOf(role) == 0 {
				continue
			}
			ids := idsFor(role, cases)
			if !*letters {
				ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(d.Letters, id) })
			}
			if !*full && !*letters {
				if slices.Contains(slow, d.Name) {
					continue
				}
				ids = ids[:min(len(ids), 1)]
				all = append(all, ids...)
			}
			if len(ids) > 0 {
				asked = append(asked, peer{d.Name, role, ids})
			}
		}
		slices.Sort(all)
		right := rightVerdicts(t, role, slices.Compact(all))
		for _, p := range asked {
			t.Run(role+" "+p.defect, func(t *testing.T) {
				t.Parallel()
				checkDetected(t, p, right)
			})
		}
	}
}

// rightVerdicts returns the verdicts on a peer without a defect, which must pass.
func rightVerdicts(t *testing.T, role string, ids []string) map[string]broken.Verdict {
	right := map[string]broken.Verdict{}
	for range tries {
		maps.Copy(right, verdictsOn(t, peer{"", role, ids}))
		ids = slices.DeleteFunc(ids, func(id string) bool {
			return report.Verdict(right[id][0]).Passed() && report.Verdict(right[id][1]).Passed()
		})
	}
	for _, id := range ids {
		t.Errorf("a %s without a defect falls short in case %s: %q", role, id, right[id])
	}
	return right
}

// checkDetected checks that every case of p detects its defect. right has the verdicts on a
// peer without a defect.
func checkDetected(t *testing.T, p peer, right map[string]broken.Verdict) {
	var detected []string
	for range tries {
		got := verdictsOn(t, p)
		detected = slices.DeleteFunc(slices.Sorted(maps.Keys(got)),
			func(id string) bool { return got[id] == right[id] })
		if *letters {
			t.Logf("LETTERS %s %q: %v", p.role, p.defect, detected)
			return
		}
		if len(detected) == len(p.ids) {
			return
		}
	}
	t.Errorf("only cases %v of %v detect the defect", detected, p.ids)
}
