package broken

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Verdict has behavior and behaviorClose of a case, in Autobahn's words. Both are empty if
// the case could not be run.
type Verdict [2]string

// Original has the original suite's verdicts on the peers of this package.
type Original struct {
	Suite string                        `json:"suite"` // version of the original suite
	Right map[string]map[string]Verdict `json:"right"` // without a defect, by role and case
	Runs  []OriginalRun                 `json:"runs"`  // servers first, then in the order of Defects
}

// An OriginalRun has the verdicts on one peer with a defect.
type OriginalRun struct {
	Defect string   `json:"defect"`
	Role   string   `json:"role"` // server or client
	Cases  []string `json:"cases"`
	// Differs has the cases whose verdict differs from that on the peer without a defect.
	// A case has several verdicts if they depend on masking keys or timing.
	Differs map[string][]Verdict `json:"differs"`
}

//go:embed testdata/original.json
var originalJSON []byte

// ReadOriginal parses the embedded testdata/original.json.
func ReadOriginal() (*Original, error) { return ParseOriginal(originalJSON) }

// ParseOriginal parses a file in the form of testdata/original.json.
func ParseOriginal(data []byte) (*Original, error) {
	o := &Original{Right: map[string]map[string]Verdict{}}
	if err := json.Unmarshal(data, o); err != nil {
		return nil, fmt.Errorf("verdicts of the original suite: %w", err)
	}
	return o, nil
}

// Run returns the run of a peer, or nil.
func (o *Original) Run(defect, role string) *OriginalRun {
	for i := range o.Runs {
		if o.Runs[i].Defect == defect && o.Runs[i].Role == role {
			return &o.Runs[i]
		}
	}
	return nil
}

// Set adds or replaces a run.
func (o *Original) Set(run OriginalRun) {
	if had := o.Run(run.Defect, run.Role); had != nil {
		*had = run
	} else {
		o.Runs = append(o.Runs, run)
	}
	order := map[string]int{}
	for i, d := range Defects() {
		order[d.Name] = i
	}
	// Remove defects and roles that are no longer in the table.
	o.Runs = slices.DeleteFunc(o.Runs, func(r OriginalRun) bool {
		return check(r.Defect,
			RoleOf(r.Role)) != nil
	})
	slices.SortStableFunc(o.Runs, func(a, b OriginalRun) int {
		if a.Role != b.Role {
			return -strings.Compare(a.Role, b.Role)
		}
		return order[a.Defect] - order[b.Defect]
	})
}

// Format returns the content of the file, with a line for each case that differs.
func (o *Original) Format() []byte {
	var b bytes.Buffer
	put := func(v any) { b.Write(marshal(v)) }
	b.WriteString(`{"suite":`)
	put(o.Suite)
	b.WriteString(",\n\"right\":{")
	for i, role := range slices.Sorted(maps.Keys(o.Right)) {
		if i > 0 {
			b.WriteString(",\n ")
		}
		put(role)
		b.WriteByte(':')
		formatCases(&b, o.Right[role])
	}
	b.WriteString("},\n\"runs\":[")
	for i, r := range o.Runs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n {\"defect\":")
		put(r.Defect)
		b.WriteString(`,"role":`)
		put(r.Role)
		b.WriteString(`,"cases":`)
		put(r.Cases)
		b.WriteString(`,"differs":`)
		formatCases(&b, r.Differs)
		b.WriteByte('}')
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// formatCases writes an object with a line for each case.
func formatCases[V any](b *bytes.Buffer, m map[string]V) {
	b.WriteByte('{')
	for i, id := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n  %q:%s", id, marshal(m[id]))
	}
	b.WriteByte('}')
}

func marshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return data
}
