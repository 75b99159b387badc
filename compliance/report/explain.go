package report

import (
	"fmt"
	"strings"
)

// Explain returns a few lines that say what the case does, what was expected, what happened,
// and which rule the verdict is based on.
func (r *Result) Explain() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nexpected: %s\nbehavior %s: %s\nclose %s: %s\n", r.Description, r.Expectation,
		r.Behavior, r.Result, r.BehaviorClose, r.ResultClose)
	for _, e := range r.Earlier {
		fmt.Fprintf(&b, "earlier run: behavior %s: %s; close %s: %s\n", e.Behavior, e.Result,
			e.BehaviorClose, e.ResultClose)
	}
	rule := r.VerdictRule()
	if rule == nil {
		rule = r.Rule
	}
	if rule != nil {
		b.WriteString(rule.cite())
	}
	if r.Aside != nil {
		fmt.Fprintf(&b, "remark: %s\n%s", r.Aside.Text, r.Aside.Rule.cite())
	}
	return b.String()
}

// cite quotes the rule in two lines.
func (r *Rule) cite() string {
	level := ""
	if r.Level != "" {
		level = " (" + r.Level + ")"
	}
	return fmt.Sprintf("%s%s: \"%s\"\n%s\n", r.Section, level, r.Text, r.URL)
}
