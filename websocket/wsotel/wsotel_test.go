package wsotel_test

import (
	"context"
	"errors"
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
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsotel"
)

// collect returns the metrics of a scope, by name.
func collect(t *testing.T, reader sdk.Reader) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	metrics := make(map[string]metricdata.Metrics)
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			metrics[m.Name] = m
		}
	}
	return metrics
}

// points returns the values of all metrics that are not 0, by name and attributes. For a
// histogram, they are the sum and the count.
func points(t *testing.T, reader sdk.Reader) map[string]float64 {
	t.Helper()
	values := make(map[string]float64)
	for name, m := range collect(t, reader) {
		set := func(suffix string, attrs attribute.Set, v float64) {
			if v != 0 {
				values[fmt.Sprintf("%s%s{%s}", name, suffix, attrs.Encoded(attribute.DefaultEncoder()))] = v
			}
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				set("", p.Attributes, float64(p.Value))
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				set(" sum", p.Attributes, float64(p.Sum))
				set(" count", p.Attributes, float64(p.Count))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				set(" sum", p.Attributes, p.Sum)
				set(" count", p.Attributes, float64(p.Count))
			}
		default:
			t.Errorf("%s is a %T", name, data)
		}
	}
	return values
}

// newEvents returns Events and the reader of their metrics.
func newEvents(t testing.TB, attrs ...attribute.KeyValue) (*websocket.Events, sdk.Reader) {
	t.Helper()
	reader := sdk.NewManualReader()
	e, err := wsotel.New(sdk.NewMeterProvider(sdk.WithReader(reader)), attrs...)
	if err != nil {
		t.Fatal(err)
	}
	return e, reader
}

// newConn returns a connection that has no events of its own.
func newConn(t *testing.T) *websocket.Conn {
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return websocket.NewConn(context.Background(), near, nil)
}

// opened are the values of one open connection.
var opened = map[string]float64{
	"websocket.accepted_connections{}": 1,
	"websocket.active_connections{}":   1,
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
		"websocket.refused_handshakes{error.type=403}":    2,
		"websocket.refused_handshakes{error.type=426}":    1,
		"websocket.refused_handshakes{error.type=none}":   1,
		"websocket.refused_handshakes{error.type=_OTHER}": 1,
	}},
	{"read", func(e *websocket.Events, c *websocket.Conn) {
		e.Read(c, websocket.Text, 100, 30)
		e.Read(c, websocket.Text, 50, 20)
		e.Read(c, websocket.Binary, 7, 8)
	}, map[string]float64{
		"websocket.message.size count{network.io.direction=receive,websocket.message.type=text}":   2,
		"websocket.message.size sum{network.io.direction=receive,websocket.message.type=text}":     150,
		"websocket.message.wire_size{network.io.direction=receive,websocket.message.type=text}":    50,
		"websocket.message.size count{network.io.direction=receive,websocket.message.type=binary}": 1,
		"websocket.message.size sum{network.io.direction=receive,websocket.message.type=binary}":   7,
		"websocket.message.wire_size{network.io.direction=receive,websocket.message.type=binary}":  8,
	}},
	{"wrote", func(e *websocket.Events, c *websocket.Conn) {
		e.Wrote(c, websocket.Text, 100, 30)
		e.Wrote(c, websocket.Binary, 1<<40, 1<<20)
	}, map[string]float64{
		"websocket.message.size count{network.io.direction=transmit,websocket.message.type=text}":   1,
		"websocket.message.size sum{network.io.direction=transmit,websocket.message.type=text}":     100,
		"websocket.message.wire_size{network.io.direction=transmit,websocket.message.type=text}":    30,
		"websocket.message.size count{network.io.direction=transmit,websocket.message.type=binary}": 1,
		"websocket.message.size sum{network.io.direction=transmit,websocket.message.type=binary}":   1 << 40,
		"websocket.message.wire_size{network.io.direction=transmit,websocket.message.type=binary}":  1 << 20,
	}},
	{"pong", func(e *websocket.Events, c *websocket.Conn) {
		e.Pong(c, 250*time.Millisecond)
		e.Pong(c, time.Second)
	}, map[string]float64{
		"websocket.ping.duration count{}": 2,
		"websocket.ping.duration sum{}":   1.25,
	}},
	{"closed by the peer", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1000), Received: frame(1001), ByPeer: true, Clean: true})
	}, closedPoints("", true, "1001", "peer")},
	{"closed by this side", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1009), Received: frame(1000), Clean: true})
	}, closedPoints("", true, "1009", "local")},
	{"no answer", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(4321)})
	}, closedPoints("", false, "4xxx", "local")},
	{"stream ended", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{ByPeer: true})
	}, closedPoints("", false, "1006", "peer")},
	{"empty close frame", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Sent: frame(1005), Received: frame(1005), ByPeer: true, Clean: true})
	}, closedPoints("", true, "1005", "peer")},
	{"no pong", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Err: &websocket.Error{Op: "read", Err: websocket.ErrNoPong}})
	}, closedPoints("error.type=no_pong,", false, "1006", "local")},
	{"peer not reading", func(e *websocket.Events, c *websocket.Conn) {
		e.Closed(c, websocket.Closure{Err: &websocket.Error{Op: "write", Err: websocket.ErrPeerNotReading}})
	}, closedPoints("error.type=peer_not_reading,", false, "1006", "local")},
}

func frame(code websocket.StatusCode) websocket.CloseFrame {
	return websocket.CloseFrame{Code: code}
}

func TestMetrics(t *testing.T) {
	for _, tt := range eventTests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, reader := newEvents(t)
				c := newConn(t)
				e.Accepted(nil, c)
				time.Sleep(90 * time.Second)
				tt.call(e, c)
				want := maps.Clone(opened)
				maps.Copy(want, tt.want)
				if want["websocket.connection.duration count{}"] == 1 {
					delete(want, "websocket.active_connections{}")
				}
				if diff := cmp.Diff(want, points(t, reader)); diff != "" {
					t.Errorf("points (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// closedPoints returns the points of a connection that has ended after 90 seconds.
func closedPoints(kind string, clean bool, code, side string) map[string]float64 {
	attrs := fmt.Sprintf("%swebsocket.close.clean=%v,websocket.close.code=%s,websocket.close.side=%s",
		kind, clean, code, side)
	return map[string]float64{
		"websocket.closed_connections{" + attrs + "}": 1,
		"websocket.connection.duration count{}":       1,
		"websocket.connection.duration sum{}":         90,
	}
}

// Every metric has a description and the unit of OpenTelemetry's conventions.
func TestUnits(t *testing.T) {
	e, reader := newEvents(t)
	useAll(e, newConn(t))
	got := make(map[string]string)
	for name, m := range collect(t, reader) {
		got[name] = fmt.Sprintf("%s %T", m.Unit, m.Data)
		if !strings.HasSuffix(m.Description, ".") {
			t.Errorf("the description of %s is %q", name, m.Description)
		}
	}
	want := map[string]string{
		"websocket.active_connections":   "{connection} metricdata.Sum[int64]",
		"websocket.accepted_connections": "{connection} metricdata.Sum[int64]",
		"websocket.closed_connections":   "{connection} metricdata.Sum[int64]",
		"websocket.connection.duration":  "s metricdata.Histogram[float64]",
		"websocket.refused_handshakes":   "{handshake} metricdata.Sum[int64]",
		"websocket.message.size":         "By metricdata.Histogram[int64]",
		"websocket.message.wire_size":    "By metricdata.Sum[int64]",
		"websocket.ping.duration":        "s metricdata.Histogram[float64]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

// useAll calls every event, so that every metric has a point.
func useAll(e *websocket.Events, c *websocket.Conn) {
	e.Refused(nil, &websocket.HandshakeError{Status: http.StatusForbidden})
	e.Accepted(nil, c)
	e.Read(c, websocket.Text, 1, 1)
	e.Wrote(c, websocket.Text, 1, 1)
	e.Pong(c, time.Millisecond)
	e.Closed(c, websocket.Closure{})
}

// Codes are grouped at the ends of the ranges of RFC 6455, section 7.4.2.
func TestCodes(t *testing.T) {
	for code, want := range map[websocket.StatusCode]string{
		1: "other", 999: "other", 1000: "1000", 1015: "1015", 1016: "other",
		2999: "other", 3000: "3xxx", 3999: "3xxx", 4000: "4xxx", 4999: "4xxx", 5000: "other",
	} {
		e, reader := newEvents(t)
		c := newConn(t)
		e.Accepted(nil, c)
		e.Closed(c, websocket.Closure{Sent: websocket.CloseFrame{Code: code}})
		name := "websocket.closed_connections{websocket.close.clean=false,websocket.close.code=" +
			want + ",websocket.close.side=local}"
		if got := points(t, reader); got[name] != 1 {
			t.Errorf("%d: %v, want %s", code, got, name)
		}
	}
}

// The documentation lists every metric.
func TestDocumentation(t *testing.T) {
	e, reader := newEvents(t)
	useAll(e, newConn(t))
	for _, file := range []string{"README.md", "wsotel.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name := range collect(t, reader) {
			rows := regexp.MustCompile("(?m)^(\\| `|//\t)" + regexp.QuoteMeta(name) + "\\b")
			if !rows.Match(text) {
				t.Errorf("%s does not list %s", file, name)
			}
		}
	}
}

// Whatever codes and statuses peers choose, the number of attribute sets has a limit.
func TestPeersMakeNoAttributes(t *testing.T) {
	e, reader := newEvents(t)
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
	sets := make(map[string]int)
	for point := range points(t, reader) {
		name, _, _ := strings.Cut(point, "{")
		sets[name]++
	}
	for name, most := range map[string]int{
		"websocket.closed_connections": 2 * (16 + 3), // 1000 to 1015; 3xxx, 4xxx, other
		"websocket.refused_handshakes": 64,           // those of net/http; none, _OTHER
		"websocket.message.size count": 4,
		"websocket.message.wire_size":  4,
	} {
		if n := sets[name]; n == 0 || n > most {
			t.Errorf("%s has %d attribute sets, want 1 to %d", name, n, most)
		}
	}
}

// Every measurement has the attributes that New was called with, of which it keeps a copy.
func TestAttributes(t *testing.T) {
	attrs := []attribute.KeyValue{attribute.String("handler", "chat")}
	e, reader := newEvents(t, attrs...)
	attrs[0] = attribute.String("handler", "changed")
	useAll(e, newConn(t))
	got := points(t, reader)
	if len(got) < 8 {
		t.Errorf("%d points, want at least one for each metric", len(got))
	}
	for point := range got {
		if !strings.Contains(point, "{handler=chat") && !strings.Contains(point, ",handler=chat") {
			t.Errorf("%s is not of the handler", point)
		}
	}
}

// Without a provider, the metrics are those of the global one.
func TestGlobalProvider(t *testing.T) {
	before := otel.GetMeterProvider()
	defer otel.SetMeterProvider(before)
	reader := sdk.NewManualReader()
	otel.SetMeterProvider(sdk.NewMeterProvider(sdk.WithReader(reader)))
	e, err := wsotel.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Pong(nil, time.Second)
	if got := points(t, reader)["websocket.ping.duration sum{}"]; got != 1 {
		t.Errorf("the sum of round trips is %v, want 1", got)
	}
}

// A failingProvider makes no histograms of integers.
type failingProvider struct{ noop.MeterProvider }

type failingMeter struct{ noop.Meter }

var errInstrument = errors.New("no such instrument")

func (failingProvider) Meter(string, ...metric.MeterOption) metric.Meter { return failingMeter{} }

func (failingMeter) Int64Histogram(string, ...metric.Int64HistogramOption) (metric.Int64Histogram, error) {
	return nil, errInstrument
}

func TestError(t *testing.T) {
	e, err := wsotel.New(failingProvider{})
	if e != nil || !errors.Is(err, errInstrument) || !strings.HasPrefix(err.Error(), "wsotel: ") {
		t.Errorf("%v, %v, want the error of the instrument", e, err)
	}
}

// The Events do not keep a connection that has ended.
func TestKeepsNoConn(t *testing.T) {
	e, reader := newEvents(t)
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
	got := points(t, reader)
	if n := got["websocket.active_connections{}"]; n != 0 {
		t.Errorf("%v connections are open, want 0", n)
	}
	if n := got["websocket.connection.duration count{}"]; n != 100 {
		t.Errorf("%v connections have ended, want 100", n)
	}
	runtime.GC()
	for i, c := range conns {
		if c.Value() != nil {
			t.Fatalf("connection %d is still reachable", i)
		}
	}
	runtime.KeepAlive(e)
}

// The functions may be called from several goroutines, while the reader collects.
func TestConcurrent(t *testing.T) {
	const goroutines, rounds = 8, 100
	e, reader := newEvents(t)
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
			var all metricdata.ResourceMetrics
			if err := reader.Collect(context.Background(), &all); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	got := points(t, reader)
	for _, name := range []string{
		"websocket.accepted_connections{}",
		"websocket.connection.duration count{}",
		"websocket.ping.duration count{}",
		"websocket.refused_handshakes{error.type=403}",
		"websocket.message.size sum{network.io.direction=receive,websocket.message.type=text}",
		"websocket.message.wire_size{network.io.direction=transmit,websocket.message.type=text}",
	} {
		if got[name] != goroutines*rounds {
			t.Errorf("%s is %v, want %d", name, got[name], goroutines*rounds)
		}
	}
	if n := got["websocket.active_connections{}"]; n != 0 {
		t.Errorf("%v connections are open, want 0", n)
	}
}
