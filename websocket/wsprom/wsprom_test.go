package wsprom_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsprom"
)

// gather returns the series of g that are not 0. For a histogram, they are the sum and the count.
func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				if l.GetValue() != "" {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			set := func(suffix string, v float64) {
				if v != 0 {
					series[fmt.Sprintf("%s%s%v", f.GetName(), suffix, labels)] = v
				}
			}
			set("", m.GetGauge().GetValue())
			set("", m.GetCounter().GetValue())
			set("_sum", m.GetHistogram().GetSampleSum())
			set("_count", float64(m.GetHistogram().GetSampleCount()))
		}
	}
	return series
}

// newMetrics returns the events of a new Collector, and its registry.
func newMetrics(t *testing.T) (*websocket.Events, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	c := wsprom.New()
	if err := reg.Register(c); err != nil {
		t.Fatal(err)
	}
	return c.Events(), reg
}

// newConn returns a connection that has no events of its own.
func newConn(t *testing.T) *websocket.Conn {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return websocket.NewConn(context.Background(), near, nil)
}

// opened are the values of one open connection.
var opened = map[string]float64{
	"websocket_connections_accepted_total[]": 1,
	"websocket_connections_open[]":           1,
}

// eventTests are the values after some events of a connection that has been open for 90 seconds.
var eventTests = []struct {
	name string
	call func(e *websocket.Events, c *websocket.Conn)
	want map[string]float64 // what is not in opened
}{
	{"accepted", func(*websocket.Events, *websocket.Conn) {}, nil},
	{"refused", func(e *websocket.Events, _ *websocket.Conn) {
		for _, status := range []int{403, 403, 426, 0, 799} {
			e.Refused(nil, &websocket.HandshakeError{Status: status})
		}
	}, map[string]float64{
		"websocket_handshakes_refused_total[status=403]":   2,
		"websocket_handshakes_refused_total[status=426]":   1,
		"websocket_handshakes_refused_total[status=none]":  1,
		"websocket_handshakes_refused_total[status=other]": 1,
	}},
	{"read", func(e *websocket.Events, c *websocket.Conn) {
		e.Read(c, websocket.Text, 100, 30)
		e.Read(c, websocket.Text, 50, 20)
		e.Read(c, websocket.Binary, 7, 8)
	}, map[string]float64{
		"websocket_message_size_bytes_count[direction=received type=text]":   2,
		"websocket_message_size_bytes_sum[direction=received type=text]":     150,
		"websocket_message_wire_bytes_total[direction=received type=text]":   50,
		"websocket_message_size_bytes_count[direction=received type=binary]": 1,
		"websocket_message_size_bytes_sum[direction=received type=binary]":   7,
		"websocket_message_wire_bytes_total[direction=received type=binary]": 8,
	}},
	{"wrote", func(e *websocket.Events, c *websocket.Conn) {
		e.Wrote(c, websocket.Text, 100, 30)
		e.Wrote(c, websocket.Binary, 1<<40, 1<<20)
	}, map[string]float64{
		"websocket_message_size_bytes_count[direction=sent type=text]":   1,
		"websocket_message_size_bytes_sum[direction=sent type=text]":     100,
		"websocket_message_wire_bytes_total[direction=sent type=text]":   30,
		"websocket_message_size_bytes_count[direction=sent type=binary]": 1,
		"websocket_message_size_bytes_sum[direction=sent type=binary]":   1 << 40,
		"websocket_message_wire_bytes_total[direction=sent type=binary]": 1 << 20,
	}},
	{"pong", func(e *websocket.Events, c *websocket.Conn) {
		e.Pong(c, 250*time.Millisecond)
		e.Pong(c, time.Second)
	}, map[string]float64{
		"websocket_ping_round_trip_seconds_count[]": 2,
		"websocket_ping_round_trip_seconds_sum[]":   1.25,
	}},
	{"closed by the peer", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1000), Received: frame(1001), ByPeer: true, Clean: true})
	}, closedSeries("clean=true code=1001 side=peer")},
	{"closed by this side", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1009), Received: frame(1000), Clean: true})
	}, closedSeries("clean=true code=1009 side=local")},
	{"no answer", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(4321)})
	}, closedSeries("clean=false code=4xxx side=local")},
	{"stream ended", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{ByPeer: true})
	}, closedSeries("clean=false code=1006 side=peer")},
	{"empty close frame", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1005), Received: frame(1005), ByPeer: true, Clean: true})
	}, closedSeries("clean=true code=1005 side=peer")},
	{"no pong", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Err: &websocket.Error{Op: "read", Err: websocket.ErrNoPong}})
	}, closedSeries("clean=false code=1006 error=no_pong side=local")},
	{"peer not reading", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Err: &websocket.Error{Op: "write", Err: websocket.ErrPeerNotReading}})
	}, closedSeries("clean=false code=1006 error=peer_not_reading side=local")},
}

func frame(code websocket.StatusCode) websocket.CloseFrame {
	return websocket.CloseFrame{Code: code}
}

func TestMetrics(t *testing.T) {
	for _, tt := range eventTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, reg := newMetrics(t)
				c := newConn(t)
				e.Accepted(nil, c)
				time.Sleep(90 * time.Second)
				tt.call(e, c)
				want := maps.Clone(opened)
				maps.Copy(want, tt.want)
				if want["websocket_connection_duration_seconds_count[]"] == 1 {
					delete(want, "websocket_connections_open[]")
				}
				if diff := cmp.Diff(want, gather(t, reg)); diff != "" {
					t.Errorf("series (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// closedSeries returns the series of a connection that has ended after 90 seconds.
func closedSeries(labels string) map[string]float64 {
	return map[string]float64{
		"websocket_connections_closed_total[" + labels + "]": 1,
		"websocket_connection_duration_seconds_count[]":      1,
		"websocket_connection_duration_seconds_sum[]":        90,
	}
}

// Codes are grouped at the ends of the ranges of RFC 6455, section 7.4.2.
func TestCodes(t *testing.T) {
	for code, want := range map[websocket.StatusCode]string{
		1: "other", 999: "other", 1000: "1000", 1015: "1015", 1016: "other",
		2999: "other", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx", 5000: "other",
	} {
		e, reg := newMetrics(t)
		c := newConn(t)
		e.Accepted(nil, c)
		e.Closed(c, websocket.Closure{Sent: websocket.CloseFrame{Code: code}})
		name := "websocket_connections_closed_total[clean=false code=" + want + " side=local]"
		if got := gather(t, reg); got[name] != 1 {
			t.Errorf("%d: %v, want %s", code, got, name)
		}
	}
}

// The documentation lists every metric.
func TestDocumentation(t *testing.T) {
	e, reg := newMetrics(t)
	useAll(e, newConn(t))
	for _, file := range []string{"README.md", "wsprom.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			rows := regexp.MustCompile("(?m)^(\\| `|//\t)" + f.GetName() + "\\b")
			if !rows.Match(text) {
				t.Errorf("%s does not list %s", file, f.GetName())
			}
		}
	}
}

// Whatever codes and statuses peers choose, the number of series has a limit.
func TestPeersMakeNoSeries(t *testing.T) {
	e, reg := newMetrics(t)
	c := newConn(t)
	for code := range 6000 {
		for _, byPeer := range []bool{false, true} {
			e.Accepted(nil, c)
			frame := websocket.CloseFrame{Code: websocket.StatusCode(code), Reason: fmt.Sprint("reason ", code)}
			e.Closed(c, websocket.Closure{Sent: frame, Received: frame, ByPeer: byPeer, Clean: true})
		}
	}
	for status := range 2000 {
		e.Refused(nil, &websocket.HandshakeError{Status: status})
	}
	for kind := range 1 << 8 {
		e.Read(c, websocket.MessageType(kind), 1, 1)
		e.Wrote(c, websocket.MessageType(kind), 1, 1)
	}
	for name, most := range map[string]int{
		"websocket_connections_closed_total": 2 * (16 + 3), // 1000 to 1015; 3xxx, 4xxx, other
		"websocket_handshakes_refused_total": 64,           // those of net/http; none, other
		"websocket_message_size_bytes":       4,
		"websocket_message_wire_bytes_total": 4,
	} {
		n, err := testutil.GatherAndCount(reg, name)
		if err != nil || n == 0 || n > most {
			t.Errorf("%s has %d series (%v), want 1 to %d", name, n, err, most)
		}
	}
}

// The names, units and texts follow the conventions that promtool checks.
func TestLint(t *testing.T) {
	e, reg := newMetrics(t)
	useAll(e, newConn(t))
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if !strings.HasSuffix(f.GetHelp(), ".") {
			t.Errorf("the help of %s is %q", f.GetName(), f.GetHelp())
		}
	}
}

// useAll calls every event, so that every metric has a series.
func useAll(e *websocket.Events, c *websocket.Conn) {
	e.Refused(nil, &websocket.HandshakeError{Status: http.StatusForbidden})
	e.Accepted(nil, c)
	e.Read(c, websocket.Text, 1, 1)
	e.Wrote(c, websocket.Text, 1, 1)
	e.Pong(c, time.Millisecond)
	e.Closed(c, websocket.Closure{})
}

// Two Collectors share a registry if each has a constant label of its own.
func TestConstantLabel(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	chat, feed := wsprom.New(), wsprom.New()
	for name, c := range map[string]*wsprom.Collector{"chat": chat, "feed": feed} {
		err := prometheus.WrapRegistererWith(prometheus.Labels{"handler": name}, reg).Register(c)
		if err != nil {
			t.Fatal(err)
		}
	}
	chat.Events().Accepted(nil, newConn(t))
	chat.Events().Accepted(nil, newConn(t))
	feed.Events().Accepted(nil, newConn(t))
	want := map[string]float64{
		"websocket_connections_accepted_total[handler=chat]": 2,
		"websocket_connections_accepted_total[handler=feed]": 1,
		"websocket_connections_open[handler=chat]":           2,
		"websocket_connections_open[handler=feed]":           1,
	}
	if diff := cmp.Diff(want, gather(t, reg)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if err := reg.Register(wsprom.New()); err == nil {
		t.Error("the registry took a Collector without the label")
	}
}

// A Collector does not keep a connection that has ended.
func TestKeepsNoConn(t *testing.T) {
	e, reg := newMetrics(t)
	var conns []weak.Pointer[websocket.Conn]
	for range 100 {
		near, far := net.Pipe()
		far.Close()
		c := websocket.NewConn(context.Background(), near, nil)
		conns = append(conns, weak.Make(c))
		e.Accepted(nil, c)
		c.CloseNow()
		e.Closed(c, c.Closure())
		e.Closed(c, c.Closure()) // counts nothing
	}
	want := map[string]float64{
		"websocket_connections_accepted_total[]":                               100,
		"websocket_connections_closed_total[clean=false code=1006 side=local]": 100,
		"websocket_connection_duration_seconds_count[]":                        100,
	}
	got := gather(t, reg)
	delete(got, "websocket_connection_duration_seconds_sum[]")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	runtime.GC()
	for i, c := range conns {
		if c.Value() != nil {
			t.Fatalf("connection %d is still reachable", i)
		}
	}
	runtime.KeepAlive(e)
}

// The functions may be called from several goroutines, while the registry is scraped.
func TestConcurrent(t *testing.T) {
	const goroutines, rounds = 8, 100
	e, reg := newMetrics(t)
	var wg sync.WaitGroup
	for range goroutines {
		c := newConn(t)
		wg.Go(func() {
			for range rounds {
				useAll(e, c)
			}
		})
	}
	wg.Go(func() {
		for range rounds {
			if _, err := reg.Gather(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	got := gather(t, reg)
	for _, name := range []string{
		"websocket_connections_accepted_total[]",
		"websocket_connections_closed_total[clean=false code=1006 side=local]",
		"websocket_connection_duration_seconds_count[]",
		"websocket_handshakes_refused_total[status=403]",
		"websocket_message_size_bytes_count[direction=received type=text]",
		"websocket_message_size_bytes_sum[direction=sent type=text]",
		"websocket_message_wire_bytes_total[direction=sent type=text]",
		"websocket_ping_round_trip_seconds_count[]",
	} {
		if got[name] != goroutines*rounds {
			t.Errorf("%s is %v, want %d", name, got[name], goroutines*rounds)
		}
	}
	if open := got["websocket_connections_open[]"]; open != 0 {
		t.Errorf("%v connections are open, want 0", open)
	}
}
