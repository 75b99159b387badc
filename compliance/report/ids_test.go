package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareIDs(t *testing.T) {
	want := []string{"", "1", "1.1.1", "1.1.2", "1.1.10", "1.2.1", "2.9", "2.10", "9.1.1", "10.1.1", "12.1.1",
		"H", "H.1.2", "H.1.10", "L.1", "X.1", "R.1", "C.1", "C.1.1", "A.1", "Z.1"}
	for range 20 {
		got := slices.Clone(want)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, CompareIDs)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("sorted ids (-want +got):\n%s", diff)
		}
	}
	if CompareIDs("H1.2", "H.1.2") == 0 || CompareIDs("01", "1") == 0 || CompareIDs("5.19", "5.19") != 0 {
		t.Error("ids that differ are the same, or the same ones differ")
	}
}

func TestGroupOf(t *testing.T) {
	for id, want := range map[string]string{
		"": "|", "5": "5|", "5.19": "5|", "9.1.2": "9|9.1", "12.4.3": "12|12.4",
		"H.3": "H|", "H3": "H|", "H.1.2": "H|H.1", "H1.2": "H|H.1", "..": ".|",
	} {
		group, sub := groupOf(id)
		if got := group + "|" + sub; got != want {
			t.Errorf("groupOf(%q) = %s, want %s", id, got, want)
		}
	}
}

func ExampleCompareIDs() {
	ids := []string{"C.1", "1.1.10", "H.2", "12.1.1", "1.1.2", "2.1"}
	slices.SortFunc(ids, CompareIDs)
	fmt.Println(ids)
	// Output: [1.1.2 1.1.10 2.1 12.1.1 H.2 C.1]
}

func ExampleTitle() {
	fmt.Println(Title("6"), "|", Title("6.4"), "|", Title("H"))
	// Output: UTF-8 | Invalid text is refused at once | Opening handshake of a server
}
