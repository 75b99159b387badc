package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// closeDecides reports whether only the close fell short.
func (r *Result) closeDecides() bool {
	return (r.Behavior.Passed() || r.Behavior == Unimplemented) && !r.BehaviorClose.Passed()
}

// worst returns the look of the verdict on behavior or, if only the close fell short, of the
// verdict on closing.
func (r *Result) worst() look {
	if r.closeDecides() {
		l := lookOf(r.BehaviorClose)
		l.Word = "Close: " + strings.ToLower(l.Word)
		return l
	}
	return lookOf(r.Behavior)
}

// happened returns one or two sentences about what decided the verdict.
func (r *Result) happened() string {
	if r.closeDecides() {
		return r.ResultClose
	}
	more := ""
	switch {
	case r.Behavior.Passed() || len(r.Expected) == 0:
	case !r.asExpected():
		more = r.received()
	case !r.BehaviorClose.Passed(): // the events were as expected, so the close decided
		more = r.ResultClose
	}
	return strings.TrimSpace(r.Result + " " + more)
}

// asExpected reports whether the case expected the received events for any verdict.
func (r *Result) asExpected() bool {
	for _, events := range r.Expected {
		if slices.Equal(events, r.Received) {
			return true
		}
	}
	return false
}

// listedEvents is the number of events that a sentence lists.
const listedEvents = 3

// received returns a sentence that lists the received messages, pings and pongs.
func (r *Result) received() string {
	var words []string
	for _, e := range r.Received {
		if e.Kind == "timeout" {
			continue
		}
		words = append(words, strings.TrimSpace(eventKind(e)+" "+clip(e.Data)))
	}
	if n := len(words) - listedEvents; n > 1 {
		words = append(words[:listedEvents], fmt.Sprintf("and %d more", n))
	}
	if len(words) == 0 {
		return "The peer sent no message, ping or pong."
	}
	return "The peer sent: " + strings.Join(words, ", ") + "."
}

// clip returns the beginning of a payload in quotation marks.
func clip(data string) string {
	if data == "" {
		return "(empty)"
	}
	if r := []rune(data); len(r) > 24 {
		data = string(r[:22]) + "…"
	}
	return "“" + data + "”"
}

// A tally counts results by their outcome.
type tally struct{ Ran, Passed, Short, Skipped, Known int }

func (t *tally) add(o Outcome) {
	t.Ran++
	switch o {
	case Passes:
		t.Passed++
	case Skipped:
		t.Skipped++
	case KnownShort:
		t.Known++
	case Short:
		t.Short++
	}
}

// verdict returns the verdict on the run in words.
func (t tally) verdict() string {
	var text string
	switch {
	case t.Ran == 0:
		return "INCOMPLETE: no case ran"
	case t.Short > 0:
		text = fmt.Sprintf("FAIL: %s of %s fell short", thousands(int64(t.Short)),
			plural(int64(t.Ran), "case"))
	case t.Passed < t.Ran:
		text = fmt.Sprintf("PASS: %s of %s", thousands(int64(t.Passed)), plural(int64(t.Ran), "case"))
	default:
		text = "PASS: " + plural(int64(t.Ran), "case")
	}
	if t.Skipped > 0 {
		text += fmt.Sprintf(", %s skipped", thousands(int64(t.Skipped)))
	}
	if t.Known > 0 {
		text += fmt.Sprintf(", %s known to fall short", thousands(int64(t.Known)))
	}
	return text
}

// verdictLook returns the look of a verdict on the run.
func verdictLook(text string) look {
	switch {
	case strings.HasPrefix(text, "PASS"):
		return lookOf(OK)
	case strings.HasPrefix(text, "FAIL"):
		return lookOf(Failed)
	}
	return lookOf(NonStrict)
}

// wall returns the time from the start of the first case to the end of the last, or 0 if it is
// unknown. If cases ran at once, it is less than the sum of their durations.
func wall(results []*Result) time.Duration {
	var begun, ended time.Time
	for _, r := range results {
		if r.Started.IsZero() {
			continue
		}
		if begun.IsZero() || r.Started.Before(begun) {
			begun = r.Started
		}
		if end := r.Started.Add(r.Duration); end.After(ended) {
			ended = end
		}
	}
	return ended.Sub(begun)
}

// repeat returns the command that runs cases again, with another directory for its report, or ""
// if the command is unknown.
func (o *Options) repeat(isServer bool, ids ...string) string {
	command := o.Command
	switch {
	case slices.ContainsFunc(o.Flags, func(f string) bool {
		return f == "-spec" ||
			strings.HasPrefix(f, "-spec=")
	}):
		return "" // -spec does not allow -cases
	case command == "go test":
		id := "^(" + strings.Join(ids, "|") + ")$"
		if len(ids) == 1 {
			id = "^" + ids[0] + "$"
		}
		return "go test -run " + quote("/"+strings.ReplaceAll(id, ".", `\.`))
	case command == "" && o.URL == "":
		return ""
	case command == "" && isServer:
		command = "wscheck fuzzingserver"
	case command == "":
		command = "wscheck fuzzingclient"
	}
	words := []string{command}
	if o.URL != "" {
		words = append(words, quote(o.URL))
	}
	for _, f := range o.Flags {
		words = append(words, quote(f))
	}
	return strings.Join(append(words, "-cases", quote(strings.Join(ids, ",")), "-out", "repeat"), " ")
}

// quote quotes a word for a shell if necessary.
func quote(word string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.ContainsRune("@%+=:,./_-", c)
	}
	if word != "" && strings.IndexFunc(word, func(c rune) bool { return !plain(c) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
