package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

var _ wire.Extension = (*deflate.Extension)(nil)

var negotiations = []struct {
	server *deflate.Options
	offer  string
	answer string // "" if it is declined
}{
	// The names.
	{nil, "foo", ""},
	{nil, "permessage-foo, x-permessage-deflate-foo, deflate", ""},
	{nil, "PERMESSAGE-DEFLATE", ""},
	{nil, "permessage-deflate", "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"},

	// Several offers: the first that is valid, whoever stands before it.
	{nil, "foo, permessage-deflate; foo, permessage-deflate; server_max_window_bits=9",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=9"},
	{nil, "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=10; client_max_window_bits=12"},
	{nil, "permessage-deflate; client_max_window_bits, permessage-deflate; server_max_window_bits=8",
		"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
	{nil, "permessage-deflate; server_max_window_bits=7, permessage-deflate; x", ""},

	// The server's context and window.
	{nil, "permessage-deflate; server_no_context_takeover; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12"},
	{nil, "permessage-deflate; server_max_window_bits=15; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
	{nil, "permessage-deflate; server_max_window_bits=8; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=8; client_max_window_bits=12"},

	// The client's. Without client_max_window_bits its window cannot be sized.
	{nil, "permessage-deflate; client_no_context_takeover",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=12"},
	{nil, "permessage-deflate; client_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
	{nil, "permessage-deflate; client_max_window_bits=8",
		"permessage-deflate; server_max_window_bits=12; client_max_window_bits=8"},
	{nil, "permessage-deflate; client_no_context_takeover; client_max_window_bits=10",
		"permessage-deflate; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=10"},

	// Options.
	{&deflate.Options{AllowLargeWindow: true}, "permessage-deflate", "permessage-deflate; server_max_window_bits=12"},
	{&deflate.Options{AllowLargeWindow: true}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"},
	{&deflate.Options{WindowBits: 15}, "permessage-deflate", "permessage-deflate"},
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits=10",
		"permessage-deflate; client_max_window_bits=10"},
	{&deflate.Options{WindowBits: 8}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=8; client_max_window_bits=8"},
	{&deflate.Options{NoContextTakeover: true}, "permessage-deflate",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	{&deflate.Options{NoContextTakeover: true, WindowBits: 9}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9"},
}

// The answers are as they should be, and the sessions do what they say: what the
// answer grants or asks for is all that either side may rely on.
func TestAccept(t *testing.T) {
	for _, n := range negotiations {
		answer, s := accept(t, deflate.New(n.server), n.offer)
		if answer != n.answer {
			t.Errorf("%+v, %s:\nanswer %s\nwant   %s", n.server, n.offer, answer, n.answer)
		}
		if s != nil {
			checkHonoured(t, answer, s)
		}
	}
}

// checkHonoured checks that a server's session is what its answer says.
func checkHonoured(t *testing.T, answer string, s wire.Session) {
	t.Helper()
	ours, theirs := 15, 15
	for _, p := range strings.Split(answer, "; ") {
		_, _ = fmt.Sscanf(p, "server_max_window_bits=%d", &ours)
		_, _ = fmt.Sscanf(p, "client_max_window_bits=%d", &theirs)
	}
	rnd := rand.New(rand.NewPCG(7, 7))
	w := strict{size: 1 << ours}
	for range 3 {
		if strings.Contains(answer, "server_no_context_takeover") {
			w.forget()
		}
		p := textMessage(rnd, 40_000)
		if got, err := w.message(encode(t, s, p, 0)); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%s: %v", answer, err)
		}
	}
	if ours > 8 && w.longest <= 1<<(ours-1) {
		t.Errorf("%s: longest distance %d: the window is smaller than granted", answer, w.longest)
	}

	// A distance as long as the answer allows, across two messages.
	first := new(crafter).stored(0, "abc"+strings.Repeat("x", 1<<theirs-3)).message()
	if _, err := decode(t, s, first, feeding{}); err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, s, new(crafter).fixed(0).match3(1<<theirs).end().message(), feeding{})
	forgets := strings.Contains(answer, "client_no_context_takeover")
	if (err == nil && string(got) == "abc") == forgets {
		t.Errorf("%s: %q, %v", answer, got, err)
	}
}

func TestOffer(t *testing.T) {
	for _, row := range []struct {
		opts *deflate.Options
		want string
	}{
		{nil, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, " +
			"permessage-deflate; server_no_context_takeover; client_max_window_bits=12, " +
			"permessage-deflate; client_max_window_bits=12"},
		{&deflate.Options{WindowBits: 8}, "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8, " +
			"permessage-deflate; server_no_context_takeover; client_max_window_bits=8, " +
			"permessage-deflate; client_max_window_bits=8"},
		{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits"},
		{&deflate.Options{NoContextTakeover: true},
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"},
		{&deflate.Options{NoContextTakeover: true, WindowBits: 9},
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9, " +
				"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=9"},
	} {
		offers := deflate.New(row.opts).Offer([]wire.Offer{{Name: "first"}})
		if got := render(t, offers...); got != "first, "+row.want {
			t.Errorf("%+v:\n%s\nwant\n%s", row.opts, got, row.want)
		}
	}
}

// A client does what the answer says, whichever offer it answers.
func TestConfirm(t *testing.T) {
	for _, row := range []struct {
		opts         *deflate.Options
		answer       string
		ours, theirs int // windows in bits
	}{
		{nil, "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", 12, 12},
		{nil, "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", 10, 9},
		{nil, "permessage-deflate", 12, 15},
		{nil, "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", 12, 15},
		{nil, "permessage-deflate; server_no_context_takeover", 12, 0},
		{nil, "permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits=8", 8, 0},
		{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits=9", 9, 15},
		{&deflate.Options{WindowBits: 15}, "permessage-deflate; server_max_window_bits=8", 15, 8},
	} {
		s, err := confirm(t, deflate.New(row.opts), row.answer)
		if err != nil {
			t.Errorf("%s: %v", row.answer, err)
			continue
		}
		// As a server it would have answered this.
		mirrored := fmt.Sprintf("server_max_window_bits=%d; client_max_window_bits=%d", row.ours, row.theirs)
		if strings.Contains(row.answer, "client_no") {
			mirrored += "; server_no_context_takeover"
		}
		if row.theirs == 0 {
			mirrored = strings.Replace(mirrored, "client_max_window_bits=0", "client_no_context_takeover", 1)
		}
		checkHonoured(t, mirrored, s)
	}
	// A client that keeps no context does so whatever the server leaves out.
	s, err := confirm(t, deflate.New(&deflate.Options{NoContextTakeover: true}), "permessage-deflate; server_no_context_takeover")
	if err != nil {
		t.Fatal(err)
	}
	checkHonoured(t, "server_no_context_takeover; client_no_context_takeover", s)
}

func TestNewPanics(t *testing.T) {
	for _, bits := range []int{-1, 1, 7, 16} {
		func() {
			defer func() {
				if r := recover(); r != fmt.Sprintf("deflate: WindowBits is %d, not 8 to 15", bits) {
					t.Errorf("%d: %v", bits, r)
				}
			}()
			deflate.New(&deflate.Options{WindowBits: bits})
		}()
	}
}

func TestOptionsAreCopied(t *testing.T) {
	o := &deflate.Options{WindowBits: 9}
	e := deflate.New(o)
	o.WindowBits = 15
	if answer, _ := accept(t, e, "permessage-deflate; client_max_window_bits"); !strings.Contains(answer, "client_max_window_bits=9") {
		t.Error(answer)
	}
}

// Many connections share an Extension, each with a goroutine for either direction.
func TestConcurrentConnections(t *testing.T) {
	e := deflate.New(&deflate.Options{WindowBits: 10, Threshold: -1})
	var wg sync.WaitGroup
	for i := range 8 {
		answer, s := accept(t, e, render(t, e.Offer(nil)...))
		c, err := confirm(t, e, answer)
		if err != nil {
			t.Fatal(err)
		}
		for j, way := range [][2]wire.Session{{s, c}, {c, s}} {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(i), uint64(j)))
				for range messages(60) {
					p := mixedMessage(rnd, someSize(rnd)/4)
					z := encode(t, way[0], p, rnd.IntN(2)*rnd.IntN(2000))
					got, err := decode(t, way[1], z, feeding{piece: rnd.IntN(2) * rnd.IntN(500)})
					if err != nil || !bytes.Equal(got, p) {
						t.Errorf("%d of %d bytes, %v", len(got), len(p), err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}
