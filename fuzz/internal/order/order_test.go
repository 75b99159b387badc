package order

import (
	"strings"
	"testing"
)

// writers returns the messages of two writers. The word "a!" is a message a with the outcome
// Always, "a?" of Maybe, "a-" of Never and "a/" of Cut. If after is set, the second writer
// begins after the first has ended.
func writers(first, second string, after bool) (w [2][]Sent) {
	outcomes := map[byte]Outcome{'!': Always, '?': Maybe, '-': Never, '/': Cut}
	for i, line := range []string{first, second} {
		at := int64(0)
		if after {
			at = int64(1000 * i)
		}
		for _, word := range strings.Fields(line) {
			n := len(word) - 1
			m := Sent{Type: 1, Data: []byte(word[:n]), Outcome: outcomes[word[n]], Begin: at, End: at + 1}
			w[i] = append(w[i], m)
			if at += 2; !after {
				w[i][len(w[i])-1].End = 1 << 40
			}
		}
	}
	return w
}

func TestCheck(t *testing.T) {
	for _, row := range []struct {
		first, second string
		after         bool
		got           string // "a" is a message, "a~" a part of one
		complete, ok  bool
	}{
		{"a! b! c!", "", false, "a b c", true, true},
		{"a! b! c!", "", false, "a b", true, false},
		{"a! b! c!", "", false, "a b", false, true},
		{"a! b! c!", "", false, "a c", false, false},
		{"a! b! c!", "", false, "b a c", false, false},
		{"a! b!", "", false, "a b b", false, false},
		{"a! b!", "x! y!", false, "x a y b", true, true},
		{"a! b!", "x! y!", false, "y a x b", true, false},
		{"a! b!", "x! y!", true, "a b x y", true, true},
		{"a! b!", "x! y!", true, "a x b y", true, false},
		{"a! b?", "x! y!", true, "a x y", true, true},
		{"a! b?", "x! y!", true, "a x b y", true, false},
		{"a! b-", "x!", true, "a b x", true, false},
		{"a! b- c!", "", false, "a c", true, true},
		{"a? b? c?", "", false, "b", true, true},
		{"same! same!", "same!", false, "same same same", true, true},
		{"same! same!", "same!", false, "same same", true, false},
		{"long! b!", "", false, "lo~ b", true, true},
		{"long! b!", "", false, "lx~ b", true, false},
		{"long! b!", "", false, "lo b", true, false},
		{"a! long/", "", false, "a lo~", true, true},
		{"a! long/", "", false, "a", true, true},
		{"a! long/", "", false, "a long", true, false},
		{"a! long/ b?", "", false, "a lo~ b", true, false},
		{"", "", false, "a", false, false},
	} {
		var got []Got
		for word := range strings.FieldsSeq(row.got) {
			data, part := strings.CutSuffix(word, "~")
			got = append(got, Got{1, []byte(data), part})
		}
		err := Check(writers(row.first, row.second, row.after), got, row.complete)
		if (err == nil) != row.ok {
			t.Errorf("%+v: %v", row, err)
		}
	}
	if Check(writers("a!", "", false), []Got{{2, []byte("a"), false}}, true) == nil {
		t.Error("a message of another type was accepted")
	}
}
