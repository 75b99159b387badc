package deflate

import (
	"errors"
	"testing"
)

// A client's offers as they are always have one that asks for nothing, or only for
// what it asks for in all. So that what answers says about the others is seen, it
// is asked here.
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
		if row.section == "" && err != nil || row.section != "" && (!errors.As(err, &e) || e.Section != row.section) {
			t.Errorf("%+v to %+v: %v", row.answer, row.offer, err)
		}
	}
}
