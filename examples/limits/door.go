package main

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxClients is the number of clients beyond which a door may forget the oldest. It never remembers more than
// twice as many, which take 27 MiB.
const maxClients = 100_000

// A door limits how often a client may send a request, such as an opening handshake. It does not limit how
// long the client then stays.
//
// A client is an IPv4 address, or a /64 network of IPv6, the smallest that a site gets. Behind a proxy,
// every request comes from the proxy's address. There, let the proxy limit its clients, or change clientOf to
// use the field in which the proxy names the client. Other clients must then be unable to reach the server,
// because they can send that field too.
type door struct {
	rate   rate.Limit // requests of a client per second, on average
	burst  int        // requests of a client at once
	refill time.Duration
	max    int // clients in newer

	// A client that has sent nothing for the time refill may send a burst again, so nothing is lost
	// if it is forgotten. After that time the clients in older are dropped, and those in newer take
	// their place. That also happens once newer is full, so that memory is bounded. A program that
	// controls that many addresses can make the door forget, but does not need to.
	mu           sync.Mutex
	newer, older map[netip.Prefix]*rate.Limiter
	aged         time.Time
}

// newDoor returns a door at which a client may send burst requests at once, and then r per second.
func newDoor(r rate.Limit, burst int) *door {
	refill := time.Duration(float64(burst) / float64(r) * float64(time.Second))
	return &door{
		rate: r, burst: burst, refill: refill, max: maxClients,
		newer: make(map[netip.Prefix]*rate.Limiter),
	}
}

// limit returns a handler that calls next, or answers with status 429 (RFC 6585, section 4) and Retry-After
// if the client has sent too many requests.
func (d *door) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := d.enter(clientOf(r), time.Now()); wait > 0 {
			seconds := int(math.Ceil(wait.Seconds()))
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
			http.Error(w, "too many requests from this address", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// enter returns 0 if the client may enter now. Otherwise it returns how long the client has to wait.
func (d *door) enter(client netip.Prefix, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.aged) >= d.refill || len(d.newer) >= d.max {
		d.older, d.newer, d.aged = d.newer, make(map[netip.Prefix]*rate.Limiter), now
	}
	l := d.newer[client]
	if l == nil {
		l = d.older[client]
	}
	if l == nil {
		l = rate.NewLimiter(d.rate, d.burst)
	}
	d.newer[client] = l
	reserved := l.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

// clientOf returns the client of a request. All requests over a Unix socket have the same one.
func clientOf(r *http.Request) netip.Prefix {
	addr, _ := netip.ParseAddrPort(r.RemoteAddr)
	ip := addr.Addr().Unmap()
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	client, _ := ip.Prefix(bits)
	return client
}
