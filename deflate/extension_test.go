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

// negotiations has offers and the answers to them. By default, a server answers only with
// parameters that were offered. Netty fails on other parameters except
// server_no_context_takeover, websocket-sharp fails on windows, and Jetty 11 and 12, Tyrus and
// Safari 15 ignore client_no_context_takeover.
var negotiations = []struct {
	server *deflate.Options
	offer  string
	answer string // "" if the offer is declined
}{
	// The names.
	{nil, "foo", ""},
	{nil, "permessage-foo, x-permessage-deflate-foo, deflate", ""},
	{nil, "PERMESSAGE-DEFLATE", ""},
	{nil, "permessage-deflate", "permessage-deflate"},

	// Of several offers, the first valid one is accepted.
	{nil, "foo, permessage-deflate; foo, permessage-deflate; server_max_window_bits=9",
		"permessage-deflate; server_max_window_bits=9"},
	{nil, "permessage-deflate; client_max_window_bits; server_max_window_bits=10, " +
		"permessage-deflate; client_max_window_bits",
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
	{nil, "permessage-deflate; client_no_context_takeover; client_max_window_bits=10; " +
		"server_no_context_takeover; server_max_window_bits=11",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"server_max_window_bits=11"},

	// Options: the window with which the server compresses.
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{&deflate.Options{WindowBits: 8}, "permessage-deflate; client_max_window_bits", "permessage-deflate"},
	{&deflate.Options{WindowBits: 8}, "permessage-deflate; server_max_window_bits=11",
		"permessage-deflate; server_max_window_bits=8"},
	{&deflate.Options{WindowBits: 15}, "permessage-deflate; server_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=15"},

	// Options: the window that the server keeps of what it receives.
	{&deflate.Options{MaxReceiveWindowBits: 15}, "permessage-deflate; client_max_window_bits=9",
		"permessage-deflate"},
	{&deflate.Options{MaxReceiveWindowBits: 12}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; client_max_window_bits=12"},
	{&deflate.Options{MaxReceiveWindowBits: 12}, "permessage-deflate; client_max_window_bits=10",
		"permessage-deflate; client_max_window_bits=10"},
	{&deflate.Options{MaxReceiveWindowBits: 8},
		"permessage-deflate; client_max_window_bits=15; server_max_window_bits=15",
		"permessage-deflate; server_max_window_bits=15; client_max_window_bits=8"},
	{&deflate.Options{MaxReceiveWindowBits: 14}, "permessage-deflate",
		"permessage-deflate; client_no_context_takeover"},

	// Options: no context takeover.
	{&deflate.Options{NoContextTakeover: true}, "permessage-deflate; client_max_window_bits",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
	{&deflate.Options{NoContextTakeover: true}, "permessage-deflate; server_max_window_bits=14",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"server_max_window_bits=14"},
	{&deflate.Options{NoContextTakeover: true, WindowBits: 9, MaxReceiveWindowBits: 10},
		"permessage-deflate; client_max_window_bits; server_max_window_bits=10",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"server_max_window_bits=9; client_max_window_bits=10"},
}

// Accept returns the expected answers, and sessions that conform to them.
func TestAccept(t *testing.T) {
	for _, n := range negotiations {
		answer, s := accept(t, deflate.MustNew(n.server), n.offer)
		if answer != n.answer {
			t.Errorf("%+v, %s:\nanswer %s\nwant   %s", n.server, n.offer, answer, n.answer)
		}
		if s != nil {
			checkHonored(t, ownBits(n.server), answer, s)
		}
	}
}

func TestOffer(t *testing.T) {
	const (
		browsers = "permessage-deflate; client_max_window_bits"
		none     = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; " +
			"client_max_window_bits"
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
		{&deflate.Options{MaxReceiveWindowBits: 10},
			"permessage-deflate; server_max_window_bits=10; client_max_window_bits, " +
				"permessage-deflate; server_no_context_takeover; client_max_window_bits"},
		{&deflate.Options{MaxReceiveWindowBits: 10, NoContextTakeover: true},
			none + ", permessage-deflate; server_max_window_bits=10; client_max_window_bits"},
		{&deflate.Options{Offers: "permessage-deflate"}, "permessage-deflate"},
		{&deflate.Options{Offers: browsers}, browsers},
		{&deflate.Options{
			Offers:            "permessage-deflate ; server_max_window_bits=\"9\",permessage-deflate",
			NoContextTakeover: true, MaxReceiveWindowBits: 8,
		}, "permessage-deflate; server_max_window_bits=9, permessage-deflate"},
	} {
		offers := deflate.MustNew(row.opts).Offer([]wire.ExtensionSpec{{Name: "first"}})
		if got := render(t, offers...); got != "first, "+row.want {
			t.Errorf("%+v:\n%s\nwant\n%s", row.opts, got, row.want)
		}
	}
}

// Confirm returns sessions that conform to the answer, whichever offer it answers.
func TestConfirm(t *testing.T) {
	small := &deflate.Options{MaxReceiveWindowBits: 10}
	for _, row := range []struct {
		opts         *deflate.Options
		answer       string
		ours, theirs int // windows in bits; 0 without takeover
	}{
		{nil, "permessage-deflate", 15, 15},
		{nil, "permessage-deflate; client_max_window_bits=10", 10, 15},
		{nil, "permessage-deflate; server_max_window_bits=9", 15, 9}, // not offered, but valid
		{nil, "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15", 15, 15},
		{nil, "permessage-deflate; server_no_context_takeover", 15, 0},
		{nil, "permessage-deflate; client_no_context_takeover; server_no_context_takeover; " +
			"client_max_window_bits=8", 8, 0},
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
		// checkHonored takes the answer of a server with the same session.
		mirrored := fmt.Sprintf("server_max_window_bits=%d; client_max_window_bits=%d", row.ours, row.theirs)
		if strings.Contains(row.answer, "client_no") {
			mirrored += "; server_no_context_takeover"
		}
		if row.theirs == 0 {
			mirrored = strings.Replace(mirrored, "client_max_window_bits=0", "client_no_context_takeover", 1)
		}
		checkHonored(t, ownBits(row.opts), mirrored, s)
	}
	// With NoContextTakeover, a client does not take its context over, whatever the answer.
	s, err := confirm(t, deflate.MustNew(&deflate.Options{NoContextTakeover: true}), "permessage-deflate")
	if err != nil {
		t.Fatal(err)
	}
	checkHonored(t, 15, "server_no_context_takeover", s)
}

func TestNewErrors(t *testing.T) {
	const bits = ", want 8 to 15, or 0 for the default"
	for _, row := range []struct {
		opts deflate.Options
		want string
	}{
		{deflate.Options{WindowBits: -1}, "WindowBits is -1" + bits},
		{deflate.Options{WindowBits: 1}, "WindowBits is 1" + bits},
		{deflate.Options{WindowBits: 7}, "WindowBits is 7" + bits},
		{deflate.Options{WindowBits: 16}, "WindowBits is 16" + bits},
		{deflate.Options{MaxReceiveWindowBits: -1}, "MaxReceiveWindowBits is -1" + bits},
		{deflate.Options{MaxReceiveWindowBits: 7}, "MaxReceiveWindowBits is 7" + bits},
		{deflate.Options{MaxReceiveWindowBits: 16}, "MaxReceiveWindowBits is 16" + bits},
		{deflate.Options{Offers: " "}, `Offers is " ", which contains no offer`},
		{deflate.Options{Offers: "a b"}, `Offers is "a b": `},
		{deflate.Options{Offers: "permessage-deflate, foo"},
			`Offers is "permessage-deflate, foo": extension "foo" is not permessage-deflate`},
		{deflate.Options{Offers: "permessage-deflate; x"},
			`Offers is "permessage-deflate; x": deflate: unknown parameter "x"`},
		{deflate.Options{Offers: "foo, permessage-deflate"},
			`Offers is "foo, permessage-deflate": extension "foo" is not permessage-deflate`},
		{deflate.Options{Offers: "permessage-deflate; server_max_window_bits"},
			`Offers is "permessage-deflate; server_max_window_bits": deflate: parameter "ser`},
	} {
		e, err := deflate.New(&row.opts)
		if e != nil || err == nil || !strings.HasPrefix(err.Error(), "deflate: "+row.want) {
			t.Errorf("%+v: %v, %v, want %q", row.opts, e, err, row.want)
		}
		func() {
			defer func() {
				if r := recover(); r == nil || fmt.Sprint(r) != fmt.Sprint(err) {
					t.Errorf("%+v: MustNew panics with %v, want %v", row.opts, r, err)
				}
			}()
			deflate.MustNew(&row.opts)
		}()
	}
}

func TestOptionsAreCopied(t *testing.T) {
	o := &deflate.Options{MaxReceiveWindowBits: 9}
	e := deflate.MustNew(o)
	o.MaxReceiveWindowBits = 15
	const want = "permessage-deflate; client_max_window_bits=9"
	if answer, _ := accept(t, e, "permessage-deflate; client_max_window_bits"); answer != want {
		t.Errorf("answer %q, want %q", answer, want)
	}
}

// Many connections share an Extension, each with two goroutines, one for each direction.
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
						t.Errorf("read %d of %d bytes, %v", len(got), len(p), err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
}
