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

// Clients that fail on a parameter which they did not offer: Netty on all but
// server_no_context_takeover, websocket-sharp on windows; Jetty 11 and 12, Tyrus and
// Safari 15 ignore client_no_context_takeover. So the default server echoes.
var negotiations = []struct {
	server *deflate.Options
	offer  string
	answer string // "" if it is declined
}{
	// The names.
	{nil, "foo", ""},
	{nil, "permessage-foo, x-permessage-deflate-foo, deflate", ""},
	{nil, "PERMESSAGE-DEFLATE", ""},
	{nil, "permessage-deflate", "permessage-deflate"},

	// Several offers: the first that is valid, whatever comes before it.
	{nil, "foo, permessage-deflate; foo, permessage-deflate; server_max_window_bits=9",
		"permessage-deflate; server_max_window_bits=9"},
	{nil, "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=10"},
	{nil, "permessage-deflate; client_max_window_bits, permessage-deflate; server_max_window_bits=8",
		"permessage-deflate"},
	{nil, "permessage-deflate; server_max_window_bits=7, permessage-deflate; x", ""},

	// The server's context and window.
	{nil, "permessage-deflate; server_no_context_takeover; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover"},
	{nil, "permessage-deflate; server_max_window_bits=15; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=15"},
	{nil, "permessage-deflate; server_max_window_bits=8; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=8"},

	// The client's.
	{nil, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{nil, "permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover"},
	{nil, "permessage-deflate; client_max_window_bits=15", "permessage-deflate"},
	{nil, "permessage-deflate; client_max_window_bits=8", "permessage-deflate"},
	{nil, "permessage-deflate; client_no_context_takeover; client_max_window_bits=10; server_no_context_takeover; server_max_window_bits=11",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11"},

	// Options: the window that we compress with.
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{&deflate.Options{WindowBits: 8}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{&deflate.Options{WindowBits: 8}, "permessage-deflate; server_max_window_bits=11", "permessage-deflate; server_max_window_bits=8"},
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; server_max_window_bits=15", "permessage-deflate; server_max_window_bits=15"},

	// The window that we receive with.
	{&deflate.Options{MaxReceiveWindowBits: 15}, "permessage-deflate; client_max_window_bits=9", "permessage-deflate"},
	{&deflate.Options{MaxReceiveWindowBits: 12}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=12"},
	{&deflate.Options{MaxReceiveWindowBits: 12}, "permessage-deflate; client_max_window_bits=10",
		"permessage-deflate; client_max_window_bits=10"},
	{&deflate.Options{MaxReceiveWindowBits: 8}, "permessage-deflate; client_max_window_bits=15; server_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=15; client_max_window_bits=8"},
	{&deflate.Options{MaxReceiveWindowBits: 14}, "permessage-deflate", "permessage-deflate; client_no_context_takeover"},

	// No takeover.
	{&deflate.Options{NoContextTakeover: true}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	{&deflate.Options{NoContextTakeover: true}, "permessage-deflate; server_max_window_bits=14",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=14"},
	{&deflate.Options{NoContextTakeover: true, WindowBits: 9, MaxReceiveWindowBits: 10}, "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10"},
}

// The answers are as they should be, and the sessions do what they say: what the
// answer grants or asks for is all that either side may rely on.
func TestAccept(t *testing.T) {
	for _, n := range negotiations {
		answer, s := accept(t, deflate.MustNew(n.server), n.offer)
		if answer != n.answer {
			t.Errorf("%+v, %s:\nanswer %s\nwant   %s", n.server, n.offer, answer, n.answer)
		}
		if s != nil {
			checkHonoured(t, ownBits(n.server), answer, s)
		}
	}
}

func TestOffer(t *testing.T) {
	const (
		browsers = "permessage-deflate; client_max_window_bits"
		none     = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits"
	)
	for _, row := range []struct {
		opts *deflate.Options
		want string
	}{
		{nil, browsers},
		{&deflate.Options{WindowBits: 8}, browsers},
		{&deflate.Options{NoContextTakeover: true}, none + ", " + browsers},
		{&deflate.Options{NoContextTakeover: true, WindowBits: 9}, none + ", " + browsers},
		{&deflate.Options{MaxReceiveWindowBits: 15}, browsers},
		{&deflate.Options{MaxReceiveWindowBits: 10}, "permessage-deflate; server_max_window_bits=10; client_max_window_bits, " +
			"permessage-deflate; server_no_context_takeover; client_max_window_bits"},
		{&deflate.Options{MaxReceiveWindowBits: 10, NoContextTakeover: true},
			none + ", permessage-deflate; server_max_window_bits=10; client_max_window_bits"},
		{&deflate.Options{Offers: "permessage-deflate"}, "permessage-deflate"},
		{&deflate.Options{Offers: browsers}, browsers},
		{&deflate.Options{Offers: "permessage-deflate ; server_max_window_bits=\"9\",permessage-deflate", NoContextTakeover: true, MaxReceiveWindowBits: 8},
			"permessage-deflate; server_max_window_bits=9, permessage-deflate"},
	} {
		offers := deflate.MustNew(row.opts).Offer([]wire.ExtensionSpec{{Name: "first"}})
		if got := render(t, offers...); got != "first, "+row.want {
			t.Errorf("%+v:\n%s\nwant\n%s", row.opts, got, row.want)
		}
	}
}

// A client does what the answer says, whichever offer it answers.
func TestConfirm(t *testing.T) {
	small := &deflate.Options{MaxReceiveWindowBits: 10}
	for _, row := range []struct {
		opts         *deflate.Options
		answer       string
		ours, theirs int // windows in bits; 0 without takeover
	}{
		{nil, "permessage-deflate", 15, 15},
		{nil, "permessage-deflate; client_max_window_bits=10", 10, 15},
		{nil, "permessage-deflate; server_max_window_bits=9", 15, 9}, // unasked
		{nil, "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", 15, 15},
		{nil, "permessage-deflate; server_no_context_takeover", 15, 0},
		{nil, "permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits=8", 8, 0},
		{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits=9", 9, 15},
		{&deflate.Options{WindowBits: 15}, "permessage-deflate; server_max_window_bits=8", 15, 8},
		{small, "permessage-deflate; server_max_window_bits=10", 15, 10},
		{small, "permessage-deflate; server_max_window_bits=8; client_max_window_bits=12", 12, 8},
		{small, "permessage-deflate; server_no_context_takeover", 15, 0},
	} {
		s, err := confirm(t, deflate.MustNew(row.opts), row.answer)
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
		checkHonoured(t, ownBits(row.opts), mirrored, s)
	}
	// A client without takeover keeps no context whatever the server answers.
	s, err := confirm(t, deflate.MustNew(&deflate.Options{NoContextTakeover: true}), "permessage-deflate")
	if err != nil {
		t.Fatal(err)
	}
	checkHonoured(t, 15, "server_no_context_takeover", s)
}

func TestNewErrors(t *testing.T) {
	for want, opts := range map[string]deflate.Options{
		"WindowBits is -1, want 8 to 15, or 0 for the default":                            {WindowBits: -1},
		"WindowBits is 1, want 8 to 15, or 0 for the default":                             {WindowBits: 1},
		"WindowBits is 7, want 8 to 15, or 0 for the default":                             {WindowBits: 7},
		"WindowBits is 16, want 8 to 15, or 0 for the default":                            {WindowBits: 16},
		"MaxReceiveWindowBits is -1, want 8 to 15, or 0 for the default":                  {MaxReceiveWindowBits: -1},
		"MaxReceiveWindowBits is 7, want 8 to 15, or 0 for the default":                   {MaxReceiveWindowBits: 7},
		"MaxReceiveWindowBits is 16, want 8 to 15, or 0 for the default":                  {MaxReceiveWindowBits: 16},
		`Offers is " ", which contains no offer`:                                          {Offers: " "},
		`Offers is "a b": `:                                                               {Offers: "a b"},
		`Offers is "permessage-deflate, foo": extension "foo" is not permessage-deflate`:  {Offers: "permessage-deflate, foo"},
		`Offers is "permessage-deflate; x": deflate: unknown parameter "x"`:               {Offers: "permessage-deflate; x"},
		`Offers is "foo, permessage-deflate": extension "foo" is not permessage-deflate`:  {Offers: "foo, permessage-deflate"},
		`Offers is "permessage-deflate; server_max_window_bits": deflate: parameter "ser`: {Offers: "permessage-deflate; server_max_window_bits"},
	} {
		e, err := deflate.New(&opts)
		if e != nil || err == nil || !strings.HasPrefix(err.Error(), "deflate: "+want) {
			t.Errorf("%+v: %v, %v, want %q", opts, e, err, want)
		}
		func() {
			defer func() {
				if r := recover(); r == nil || fmt.Sprint(r) != fmt.Sprint(err) {
					t.Errorf("%+v: MustNew panics with %v, want %v", opts, r, err)
				}
			}()
			deflate.MustNew(&opts)
		}()
	}
}

func TestOptionsAreCopied(t *testing.T) {
	o := &deflate.Options{MaxReceiveWindowBits: 9}
	e := deflate.MustNew(o)
	o.MaxReceiveWindowBits = 15
	if answer, _ := accept(t, e, "permessage-deflate; client_max_window_bits"); !strings.Contains(answer, "client_max_window_bits=9") {
		t.Error(answer)
	}
}

// Many connections share an Extension, each with a goroutine for either direction.
func TestConcurrentConnections(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{WindowBits: 10, Threshold: -1})
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
