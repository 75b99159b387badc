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

// full asks in every case that the original was asked in, which takes minutes.
// Otherwise it is one of those in which the original's verdict differs, and one of
// those that tell a defect from none.
var full = flag.Bool("full", os.Getenv("HAWSER_FULL") != "", "ask in all cases")

// letters prints the cases of the letter groups that tell each peer from a right one.
var letters = flag.Bool("letters", false, "list what the letter groups find")

const (
	atOnce = 24 // questions, most of which wait
	tries  = 5  // before a verdict that is not the original's counts: machines are busy
)

// slow lists the defects that a suite finds only by waiting for many seconds, more
// than once. Without full nobody asks about them.
var slow = []string{"handshake-stalls", "pong-at-message-end"}

// Why the native suite may differ from the original.
const (
	timing = "whether the next octets are there already is a matter of timing"
	noTail = "the tail is taken for an empty block, where zlib fails at the next message; the cases of group X see it"
)

// known lists the defects with which it does. They are asked about all the same.
var known = map[string]string{
	"messages-swapped":  timing,
	"deflate-tail-kept": noTail,
}

// noise lists the defects after which octets of a payload are taken for a header or
// are unmasked with the wrong octets of a key: with random keys there is no telling
// how such a connection ends. Their verdicts need only fall short.
var noise = []string{"length16-missing", "length16-swapped", "length64-missing", "header-one-read",
	"payload-one-read", "mask-restarts",
	"deflate-not-deflated", // and what zlib makes of plain text depends on the text
}

// A question is put to the native suite, and has an answer by the original.
type question struct {
	defect, role, id string
	want             []broken.Verdict
}

// The native suite catches what the original catches, in the same cases and with
// the same verdicts.
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

// questionsOf returns the questions about one peer.
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

// askAll puts the questions to the native suite, some at a time, and reports each
// answer that is another than the original's.
func askAll(t *testing.T, questions []question) {
	servers := map[string]string{} // the URL of the one with that defect
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
	var wg sync.WaitGroup
	var mu sync.Mutex
	differs := map[string]bool{}
	free := make(chan struct{}, atOnce)
	for _, q := range questions {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			var got broken.Verdict
			var err error
			for range tries {
				if got, err = ask(t.Context(), q, servers[q.defect]); err == nil && q.fits(got) {
					return
				}
			}
			if err != nil {
				t.Errorf("%s %q, case %s: %v", q.role, q.defect, q.id, err)
				return
			}
			if why := known[q.defect]; why != "" {
				t.Logf("%s %q, case %s: %q, the original says %q (known: %s)", q.role, q.defect, q.id, got,
					q.want, why)
				mu.Lock()
				defer mu.Unlock()
				differs[q.defect] = true
				return
			}
			t.Errorf("%s %q, case %s: %q, the original says %q", q.role, q.defect, q.id, got, q.want)
		})
	}
	wg.Wait()
	for name, why := range known {
		if *full && !differs[name] && why != timing {
			t.Errorf("%s no longer differs: take it out of known", name)
		}
	}
	t.Logf("%d questions about %d servers and some clients", len(questions), len(servers))
}

// fits reports whether an answer is the original's.
func (q question) fits(got broken.Verdict) bool {
	if slices.Contains(noise, q.defect) {
		return got != broken.Verdict{"OK", "OK"} || slices.Contains(q.want, got)
	}
	return slices.Contains(q.want, got)
}

// What the original cannot see, the cases of the letter groups do: their verdicts
// are others than those on a right peer, which passes them all.
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
				tells(t, p, right)
			})
		}
	}
}

// rightVerdicts asks about a right peer, which must pass.
func rightVerdicts(t *testing.T, role string, ids []string) map[string]broken.Verdict {
	right := map[string]broken.Verdict{}
	for range tries {
		maps.Copy(right, verdictsOn(t, peer{"", role, ids}))
		ids = slices.DeleteFunc(ids, func(id string) bool {
			return report.Verdict(right[id][0]).Passed() && report.Verdict(right[id][1]).Passed()
		})
	}
	for _, id := range ids {
		t.Errorf("a right %s falls short in case %s: %q", role, id, right[id])
	}
	return right
}

// tells asserts that every case tells a peer from a right one, which has these
// verdicts.
func tells(t *testing.T, p peer, right map[string]broken.Verdict) {
	var told []string
	for range tries {
		got := verdictsOn(t, p)
		told = slices.DeleteFunc(slices.Sorted(maps.Keys(got)),
			func(id string) bool { return got[id] == right[id] })
		if *letters {
			t.Logf("LETTERS %s %q: %v", p.role, p.defect, told)
			return
		}
		if len(told) == len(p.ids) {
			return
		}
	}
	t.Errorf("only %v of %v tell", told, p.ids)
}
