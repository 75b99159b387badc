package autobahn

import (
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
)

func TestAllCases(t *testing.T) {
	ids := allCases()
	if len(ids) != 517 {
		t.Errorf("the table has %d cases, want 517", len(ids))
	}
	if !slices.IsSortedFunc(ids, report.CompareIDs) {
		t.Error("the table is not in the suite's order")
	}
	if n := len(slices.Compact(slices.Clone(ids))); n != len(ids) {
		t.Errorf("%d ids appear twice", len(ids)-n)
	}
}

func TestExpandCases(t *testing.T) {
	tests := []struct {
		include, exclude string
		count            int
		first, last      string
	}{
		{"", "", 517, "1.1.1", "13.7.18"},
		{"1.*,2.*,3.*,4.*,5.*,6.*,7.*,10.*", "", 247, "1.1.1", "10.1.1"},
		{"*", "9.*,12.*,13.*", 247, "1.1.1", "10.1.1"},
		{"12.*,13.*", "", 216, "12.1.1", "13.7.18"},
		{"12.*.1", "", 5, "12.1.1", "12.5.1"}, // not 12.1.10
		{"1.*", "", 16, "1.1.1", "1.2.8"},     // not 10.1.1
		{"2.1", "", 1, "2.1", "2.1"},          // not 2.10
		{"7.1.6,1.1.1,7.1.6", "", 2, "1.1.1", "7.1.6"},
		{"2.*", "2.1*", 8, "2.2", "2.9"},
		{"6.*.1*", "6.2*", 21, "6.1.1", "6.19.1"},
	}
	for _, tt := range tests {
		ids, err := ExpandCases(split(tt.include), split(tt.exclude))
		if err != nil {
			t.Errorf("%q without %q: %v", tt.include, tt.exclude, err)
			continue
		}
		if len(ids) != tt.count || ids[0] != tt.first || ids[len(ids)-1] != tt.last {
			t.Errorf("%q without %q: %d cases from %s to %s, want %d from %s to %s", tt.include, tt.exclude,
				len(ids), ids[0], ids[len(ids)-1], tt.count, tt.first, tt.last)
		}
	}
}

func TestExpandCasesErrors(t *testing.T) {
	for _, tt := range []struct{ include, exclude, want string }{
		{"8.*", "", `"8.*"`},
		{"1.*,1.1", "", `"1.1"`},
		{"1.*", "11.*", `"11.*"`},
		{"2.*", "*", "exclude every case"},
		{"2.*,", "", `""`},
	} {
		ids, err := ExpandCases(split(tt.include), split(tt.exclude))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q without %q: %v, error %v; want an error with %s",
				tt.include, tt.exclude, ids, err, tt.want)
		}
	}
}

// split splits a list at its commas, as the command does.
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
