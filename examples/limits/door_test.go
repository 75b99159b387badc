package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ipv4 returns the client with the i-th address.
func ipv4(i uint32) netip.Prefix {
	ip := netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
	return netip.PrefixFrom(ip, 32)
}

// A client may enter as often as the burst at once, and then at the rate. Other clients do not matter.
func TestEnter(t *testing.T) {
	d := newDoor(rate.Every(6*time.Second), 3)
	for _, test := range []struct {
		client uint32
		at     time.Duration
		wait   time.Duration
	}{
		{1, 0, 0}, {1, 0, 0}, {1, 0, 0},
		{1, 0, 6 * time.Second},
		{1, time.Second, 5 * time.Second}, // the refused one took no token
		{2, time.Second, 0},
		{1, 6 * time.Second, 0},
		{1, 6 * time.Second, 6 * time.Second},
		{1, time.Minute, 0}, {1, time.Minute, 0}, {1, time.Minute, 0},
		{1, time.Minute, 6 * time.Second},
	} {
		if got := d.enter(ipv4(test.client), epoch.Add(test.at)); got != test.wait {
			t.Errorf("client %d has to wait for %v at %v, want %v", test.client, got, test.at, test.wait)
		}
	}
}

// A door that forgets decides like one that remembers every client.
func TestForgetting(t *testing.T) {
	const seed = 15
	rng := rand.New(rand.NewPCG(seed, 0))
	d := newDoor(rate.Every(time.Second), 3)
	all := map[netip.Prefix]*rate.Limiter{}
	now, refused, forgotten := epoch, 0, 0
	for range 10_000 {
		now = now.Add(time.Duration(rng.Int64N(int64(400 * time.Millisecond))))
		c := ipv4(rng.Uint32N(8))
		if all[c] == nil {
			all[c] = rate.NewLimiter(d.rate, d.burst)
		}
		want := all[c].AllowN(now, 1)
		if got := d.enter(c, now) == 0; got != want {
			t.Fatalf("%v at %v: enters %v, want %v", c, now.Sub(epoch), got, want)
		}
		if !want {
			refused++
		}
		if len(d.newer)+len(d.older) < len(all) {
			forgotten++
		}
	}
	if refused == 0 || forgotten == 0 {
		t.Errorf("refused %d times, forgot %d times, want both", refused, forgotten)
	}
}

// Many clients at once take bounded memory.
func TestMemory(t *testing.T) {
	d := newDoor(rate.Every(time.Minute), 3)
	d.max = 1000
	for i := range uint32(5000) {
		d.enter(ipv4(i), epoch)
		if n := len(d.newer) + len(d.older); n > 2*d.max {
			t.Fatalf("%d clients are remembered after %d, want at most %d", n, i, 2*d.max)
		}
	}
}

func TestClientOf(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1234":           "192.0.2.1/32",
		"[::ffff:192.0.2.1]:1234":  "192.0.2.1/32",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:1":         "fe80::/64",
		"@":                        "invalid Prefix",
		"":                         "invalid Prefix",
	} {
		if got := clientOf(&http.Request{RemoteAddr: remote}).String(); got != want {
			t.Errorf("clientOf(%q) is %s, want %s", remote, got, want)
		}
	}
}

// RFC 6585, section 4: "The response representations SHOULD include details explaining the condition, and
// MAY include a Retry-After header indicating how long to wait before making a new request."
// https://www.rfc-editor.org/rfc/rfc6585#section-4
func TestLimit(t *testing.T) {
	passed := 0
	h := newDoor(rate.Every(time.Hour), 2).limit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		passed++
	}))
	for i := range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if i < 2 {
			continue
		}
		seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if w.Code != 429 || err != nil || seconds < 1 || seconds > 3600 || w.Body.Len() == 0 {
			t.Errorf("status %d, Retry-After %d %v, body %q", w.Code, seconds, err, w.Body)
		}
	}
	if passed != 2 {
		t.Errorf("%d requests passed, want 2", passed)
	}
}
