package deflate_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
)

// badParams has parameters that are invalid in offers and answers (RFC 7692, section 7).
var badParams = []struct{ params, section string }{
	{"foo", "7"},
	{"server_no_context_takeover; foo=1", "7"},
	{"Server_no_context_takeover", "7"},
	{"server_max_windows_bits=10", "7"},
	{"server_no_context_takeover; server_no_context_takeover", "7"},
	{"client_no_context_takeover; server_no_context_takeover; client_no_context_takeover", "7"},
	{"server_max_window_bits=10; server_max_window_bits=10", "7"},
	{"server_max_window_bits=10; server_max_window_bits=11", "7"},
	{"client_max_window_bits=10; client_max_window_bits=11", "7"},
	{"server_no_context_takeover=1", "7.1.1.1"},
	{"server_no_context_takeover=true", "7.1.1.1"},
	{`client_no_context_takeover="x"`, "7.1.1.2"},
	{"server_max_window_bits", "7.1.2.1"},
	{"server_max_window_bits=7", "7.1.2.1"},
	{"server_max_window_bits=16", "7.1.2.1"},
	{"server_max_window_bits=0", "7.1.2.1"},
	{"server_max_window_bits=-1", "7.1.2.1"},
	{"server_max_window_bits=+10", "7.1.2.1"},
	{"server_max_window_bits=08", "7.1.2.1"},
	{"server_max_window_bits=010", "7.1.2.1"},
	{"server_max_window_bits=0xa", "7.1.2.1"},
	{"server_max_window_bits=1e1", "7.1.2.1"},
	{"server_max_window_bits=1_0", "7.1.2.1"},
	{"server_max_window_bits=10a", "7.1.2.1"},
	{"server_max_window_bits=1000000000000000000000", "7.1.2.1"},
	{"client_max_window_bits=7", "7.1.2.2"},
	{"client_max_window_bits=16", "7.1.2.2"},
	{"client_max_window_bits=09", "7.1.2.2"},
	{"client_max_window_bits=yes", "7.1.2.2"},
}

func TestBadParams(t *testing.T) {
	for _, opts := range []*deflate.Options{nil, {WindowBits: 15}} {
		e := deflate.MustNew(opts)
		for _, p := range badParams {
			field := "permessage-deflate; " + p.params
			if answer, _ := accept(t, e, field); answer != "" {
				t.Errorf("offer %s: answered %s", field, answer)
			}
			// The next offer is valid.
			if answer, _ := accept(t, e, field+", permessage-deflate"); answer == "" {
				t.Errorf("offer after %s: declined", field)
			}
			s, err := confirm(t, e, field)
			var got *deflate.Error
			if s != nil || !errors.As(err, &got) || got.Section != p.section || got.Offset != 0 {
				t.Errorf("answer %s: %v, %v, want section %s", field, s, err, p.section)
			}
		}
	}
}

// Every size of a window is accepted, unquoted and quoted, by servers and clients.
func TestWindowBits(t *testing.T) {
	client := deflate.MustNew(nil)
	for bits := 8; bits <= 15; bits++ {
		// A server answers server_max_window_bits because it was offered. It answers
		// client_max_window_bits only if MaxReceiveWindowBits is below 15.
		for server, want := range map[deflate.Options]string{
			{WindowBits: 15}: fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits),
			{WindowBits: 15, MaxReceiveWindowBits: 14}: fmt.Sprintf(
				"permessage-deflate; server_max_window_bits=%d; client_max_window_bits=%d",
				bits, min(bits, 14)),
		} {
			for _, format := range []string{
				"permessage-deflate; server_max_window_bits=%d; client_max_window_bits=%d",
				`permessage-deflate; server_max_window_bits="%d"; client_max_window_bits="%d"`,
			} {
				field := fmt.Sprintf(format, bits, bits)
				if answer, _ := accept(t, deflate.MustNew(&server), field); answer != want {
					t.Errorf("%s: answered %s, want %s", field, answer, want)
				}
				if _, err := confirm(t, client, field); err != nil {
					t.Errorf("%s: %v", field, err)
				}
			}
		}
	}
}

// A client accepts only answers that match one of its offers.
func TestAnswersToOtherOffers(t *testing.T) {
	for _, row := range []struct {
		opts    *deflate.Options
		answer  string
		section string // "" if the answer is accepted
	}{
		{nil, "permessage-deflate", ""},
		{nil, "permessage-deflate; server_max_window_bits=15", ""},
		{nil, "permessage-deflate; client_no_context_takeover", ""},
		{nil, "permessage-deflate; server_no_context_takeover", ""},
		{nil, "permessage-deflate; client_max_window_bits=8", ""},
		{nil, "permessage-deflate; client_max_window_bits=15", ""},
		{nil, "permessage-deflate; client_max_window_bits", "7.1.2.2"}, // an answer must have a value
		{&deflate.Options{Offers: "permessage-deflate"}, "permessage-deflate; client_max_window_bits=15",
			"7.1.2.2"},
		{&deflate.Options{Offers: "permessage-deflate; client_max_window_bits=9"}, // the value is only a hint
			"permessage-deflate; client_max_window_bits=15", ""},
		{&deflate.Options{NoContextTakeover: true}, "permessage-deflate", ""}, // matches the last offer
		{&deflate.Options{NoContextTakeover: true}, "permessage-deflate; server_no_context_takeover", ""},
		{&deflate.Options{NoContextTakeover: true, MaxReceiveWindowBits: 9},
			"permessage-deflate; server_max_window_bits=9", ""},
		{&deflate.Options{NoContextTakeover: true, MaxReceiveWindowBits: 9}, "permessage-deflate", "7.1.2.1"},
		{&deflate.Options{MaxReceiveWindowBits: 9}, "permessage-deflate; server_max_window_bits=9", ""},
		{&deflate.Options{MaxReceiveWindowBits: 9},
			"permessage-deflate; server_no_context_takeover; server_max_window_bits=10", ""},
		{&deflate.Options{MaxReceiveWindowBits: 9}, "permessage-deflate; server_max_window_bits=10",
			"7.1.1.1"},
		{&deflate.Options{MaxReceiveWindowBits: 9}, "permessage-deflate", "7.1.1.1"},
		{&deflate.Options{Offers: "permessage-deflate; server_no_context_takeover"},
			"permessage-deflate; client_no_context_takeover", "7.1.1.1"},
		{&deflate.Options{Offers: "permessage-deflate; server_max_window_bits=9"},
			"permessage-deflate; server_max_window_bits=10", "7.1.2.1"},
		{nil, "x-webkit-deflate-frame", "5"},
		{nil, "Permessage-Deflate", "5"},
		{nil, "x-permessage-deflate-foo", "5"},
	} {
		s, err := confirm(t, deflate.MustNew(row.opts), row.answer)
		var got *deflate.Error
		switch {
		case row.section == "":
			if s == nil || err != nil {
				t.Errorf("%+v, %s: %v", row.opts, row.answer, err)
			}
		case s != nil || !errors.As(err, &got) || got.Section != row.section:
			t.Errorf("%+v, %s: %v, want section %s", row.opts, row.answer, err, row.section)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := confirm(t, deflate.MustNew(nil), "permessage-deflate; server_max_window_bits=7")
	want := `deflate: parameter "server_max_window_bits" is "7", not 8 to 15 (RFC 7692, section 7.1.2.1)`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	s, _ := both(t, 12, false)
	_, err = decode(t, s, []byte{6}, feeding{})
	want = "deflate: reserved block type after 0 inflated bytes (RFC 7692, section 7.2.2)"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
