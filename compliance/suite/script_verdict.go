package suite

import (
	"fmt"

	"github.com/hawser-ws/hawser/compliance/report"
)

// verdict sets the verdict and ends the script.
func (s *script) verdict(v report.Verdict, format string, args ...any) {
	s.setVerdict(v, format, args...)
	panic(stop{})
}

// fail ends the script with FAILED, whatever the level of the rule of the case.
func (s *script) fail(format string, args ...any) { s.verdict(report.Failed, format, args...) }

// broke ends the script because the peer broke the rule of the case. The verdict follows from the level
// of the rule.
func (s *script) broke(format string, args ...any) {
	s.verdict(levelVerdict(s.c.Rule.Level), format, args...)
}

// against ends the script because the peer broke a rule that need not be the rule of the case. The
// verdict follows from the level of the rule.
func (s *script) against(rule report.Rule, format string, args ...any) {
	if rule.Text != s.c.Rule.Text {
		s.res.Broken = &rule
	}
	s.verdict(levelVerdict(rule.Level), format, args...)
}

func levelVerdict(level string) report.Verdict {
	switch level {
	case "MUST":
		return report.Failed
	case "SHOULD":
		return report.NonStrict
	}
	return report.Informational
}

// inform ends the script where no reaction of the peer is wrong.
func (s *script) inform(format string, args ...any) {
	s.verdict(report.Informational, format, args...)
}

// declined ends the script because the peer does not support the feature that the case tests.
func (s *script) declined(format string, args ...any) {
	s.verdict(report.Unimplemented, format, args...)
}

// setVerdict sets the verdict and says what the peer did. The script goes on.
func (s *script) setVerdict(v report.Verdict, format string, args ...any) {
	s.res.Waited = s.res.Waited || s.in.waited
	s.res.Behavior, s.res.Result = v, fmt.Sprintf(format, args...)
}

// markSent marks the bytes of the last write that the peer has to refuse.
func (s *script) markSent(offset, length int, what string) {
	from := max(0, min(offset-64, len(s.last.raw)-256))
	to := min(len(s.last.raw), from+256)
	s.suspect = &report.Offense{
		Sent: true, Start: s.last.at + int64(from), Octets: append([]byte(nil), s.last.raw[from:to]...),
		Offset: offset - from, Length: length, What: what,
	}
}
