package deflate

import (
	"errors"
	"testing"
)

// The offers of a client usually include one that most answers match. This test calls answers
// with offers alone.
func TestAnswers(t *testing.T) {
	for _, row := range []struct {
		offer, answer params
		section       string
	}{
		{params{}, params{}, ""},
		{params{}, params{serverNoContext: true, clientNoContext: true, serverBits: 8}, ""},
		{params{serverNoContext: true}, params{}, "7.1.1.1"},
		{params{clientNoContext: true}, params{}, ""},
		{params{serverBits: 10}, params{}, "7.1.2.1"},
		{params{serverBits: 10}, params{serverBits: 11}, "7.1.2.1"},
		{params{serverBits: 10}, params{serverBits: 10}, ""},
		{params{serverBits: 10}, params{serverBits: 9}, ""},
		{params{}, params{clientBits: 15}, "7.1.2.2"},
		{params{clientBits: unsizedWindow}, params{clientBits: 8}, ""},
		{params{clientBits: 10}, params{clientBits: 11}, ""},
	} {
		err := row.answer.answers(row.offer)
		var e *Error
		if row.section == "" && err != nil ||
			row.section != "" && (!errors.As(err, &e) || e.Section != row.section) {
			t.Errorf("answer %+v to %+v: %v, want section %q", row.answer, row.offer, err, row.section)
		}
	}
}
