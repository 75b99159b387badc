// Package wsprom exports the connections of package websocket as Prometheus metrics.
//
// Register a [Collector], and set its Events in the options of a handler:
//
//	metrics := wsprom.New()
//	prometheus.MustRegister(metrics)
//	http.Handle("/chat", websocket.Handler{
//		Serve:   chat,
//		Options: &websocket.AcceptOptions{Events: metrics.Events()},
//	})
//
// These are the metrics:
//
//	websocket_connections_open              gauge
//	websocket_connections_accepted_total    counter
//	websocket_connections_closed_total      counter: side, clean, code, error
//	websocket_connection_duration_seconds   histogram
//	websocket_handshakes_refused_total      counter: status
//	websocket_message_size_bytes            histogram: direction, type
//	websocket_message_wire_bytes_total      counter: direction, type
//	websocket_ping_round_trip_seconds       histogram
//
// The size of a message is that of its payload, decompressed. The count of the histogram is
// therefore the number of messages, and its sum is the number of payload bytes. The wire bytes are
// those of the same payloads as sent, after compression and without headers. The direction is
// "received" or "sent", and the type is "text" or "binary".
//
// The side that ended a connection is "peer" or "local". The code is that of its close frame, or
// "1006" if it sent none, such as after [websocket.Conn.CloseNow]. A close is clean if both sides
// sent a close frame. A side that closes because the peer broke a rule or a limit does not wait for
// the peer's close frame, so that close is not clean. The error is "no_pong" for
// [websocket.ErrNoPong], "peer_not_reading" for [websocket.ErrPeerNotReading], and empty otherwise.
//
// Peers can create only a limited number of series. Codes from 3000 to 3999 are counted as "3xxx"
// and those from 4000 to 4999 as "4xxx". The status is one that net/http has a name for, "none" if
// there was no response, or "other". A series of the closed and refused counters appears with its
// first event.
//
// [websocket.JoinEvents] combines the metrics with other Events, such as those of a logger.
package wsprom

import (
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hawser-ws/hawser/websocket"
)

// A Collector has the metrics of all connections that its Events are called for. It is a
// [prometheus.Collector]. Register it, for example with [prometheus.MustRegister].
//
// One Collector may serve any number of handlers and clients, which are then counted together. To
// tell them apart, give each its own Collector and register each with a constant label of its own:
//
//	prometheus.WrapRegistererWith(prometheus.Labels{"handler": "chat"}, reg).MustRegister(chat)
//	prometheus.WrapRegistererWith(prometheus.Labels{"handler": "feed"}, reg).MustRegister(feed)
//
// A registry accepts several Collectors only if all of them have the same names of constant labels.
type Collector struct {
	events  websocket.Events
	metrics []prometheus.Collector

	open           prometheus.Gauge
	accepted       prometheus.Counter
	refused        *prometheus.CounterVec
	closed         *prometheus.CounterVec
	duration       prometheus.Histogram
	roundTrip      prometheus.Histogram
	received, sent [2]messages // text, binary

	began sync.Map // from each open *websocket.Conn to the time.Time at which it was accepted
}

// messages are the metrics of the messages of one direction and type.
type messages struct {
	size prometheus.Observer
	wire prometheus.Counter
}

// New returns a Collector that has counted nothing.
func New() *Collector {
	c := &Collector{
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "websocket_connections_open",
			Help: "Open WebSocket connections.",
		}),
		accepted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "websocket_connections_accepted_total",
			Help: "WebSocket connections that were opened.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "websocket_handshakes_refused_total",
			Help: "WebSocket opening handshakes that failed, by HTTP status.",
		}, []string{"status"}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "websocket_connections_closed_total",
			Help: "WebSocket connections that ended, by the side that ended them and its close code.",
		}, []string{"side", "clean", "code", "error"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "websocket_connection_duration_seconds",
			Help:    "Time from the opening handshake of WebSocket connections to their end.",
			Buckets: []float64{1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600},
		}),
		roundTrip: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "websocket_ping_round_trip_seconds",
			Help:    "Time from a WebSocket ping to its pong.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	labels := []string{"direction", "type"}
	size := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "websocket_message_size_bytes",
		Help:    "Payload sizes of WebSocket messages, decompressed.",
		Buckets: prometheus.ExponentialBuckets(64, 4, 10), // to 16 MiB
	}, labels)
	wire := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "websocket_message_wire_bytes_total",
		Help: "Payload bytes of WebSocket messages on the wire, compressed and without headers.",
	}, labels)
	for i, t := range []websocket.MessageType{websocket.Text, websocket.Binary} {
		in, out := []string{"received", t.String()}, []string{"sent", t.String()}
		c.received[i] = messages{size.WithLabelValues(in...), wire.WithLabelValues(in...)}
		c.sent[i] = messages{size.WithLabelValues(out...), wire.WithLabelValues(out...)}
	}
	c.metrics = []prometheus.Collector{
		c.open, c.accepted, c.refused, c.closed, c.duration, c.roundTrip, size, wire,
	}
	c.events = websocket.Events{
		Refused: c.onRefused, Accepted: c.onAccepted, Read: c.onRead, Wrote: c.onWrote,
		Pong: c.onPong, Closed: c.onClosed,
	}
	return c
}

// Events returns the functions that update the metrics. Set them in the options of any number of
// handlers, clients and connections. A connection counts as open until it has been closed. For each
// message, the functions take less than 0.1 µs and allocate nothing.
func (c *Collector) Events() *websocket.Events { return &c.events }

// Describe implements [prometheus.Collector].
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		m.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.metrics {
		m.Collect(ch)
	}
}

func (c *Collector) onRefused(_ *http.Request, err *websocket.HandshakeError) {
	c.refused.WithLabelValues(statusLabel(err.Status)).Inc()
}

func (c *Collector) onAccepted(_ *http.Request, conn *websocket.Conn) {
	c.began.Store(conn, time.Now())
	c.accepted.Inc()
	c.open.Inc()
}

func (c *Collector) onClosed(conn *websocket.Conn, closure websocket.Closure) {
	began, ok := c.began.LoadAndDelete(conn)
	if !ok {
		return
	}
	c.open.Dec()
	c.duration.Observe(time.Since(began.(time.Time)).Seconds())
	side, code := "local", closure.Sent.Code
	if closure.ByPeer {
		side, code = "peer", closure.Received.Code
	}
	clean := strconv.FormatBool(closure.Clean)
	c.closed.WithLabelValues(side, clean, codeLabel(code), errorLabel(closure.Err)).Inc()
}

func (c *Collector) onRead(_ *websocket.Conn, t websocket.MessageType, payload, wire int64) {
	c.received[index(t)].count(payload, wire)
}

func (c *Collector) onWrote(_ *websocket.Conn, t websocket.MessageType, payload, wire int64) {
	c.sent[index(t)].count(payload, wire)
}

func (c *Collector) onPong(_ *websocket.Conn, roundTrip time.Duration) {
	c.roundTrip.Observe(roundTrip.Seconds())
}

func (m *messages) count(payload, wire int64) {
	m.size.Observe(float64(payload))
	m.wire.Add(float64(wire))
}

// index returns the index of t in an array of messages.
func index(t websocket.MessageType) int {
	if t == websocket.Text {
		return 0
	}
	return 1
}

// codeLabel returns the label of a close code, 0 if there was no close frame. Applications define
// the codes from 3000, so those are grouped.
func codeLabel(code websocket.StatusCode) string {
	switch {
	case code == 0:
		code = websocket.StatusAbnormalClosure
	case code >= 4000 && code <= 4999:
		return "4xxx"
	case code >= 3000 && code <= 3999:
		return "3xxx"
	case code < 1000 || code > 1015:
		return "other"
	}
	return strconv.Itoa(int(code))
}

// errorLabel returns the label of the error that ended a connection, or "" if the close code says
// enough.
func errorLabel(err error) string {
	switch {
	case errors.Is(err, websocket.ErrNoPong):
		return "no_pong"
	case errors.Is(err, websocket.ErrPeerNotReading):
		return "peer_not_reading"
	}
	return ""
}

// statusLabel returns the label of an HTTP status, 0 if there was no response. On a client, the
// status is the server's choice.
func statusLabel(status int) string {
	switch {
	case status == 0:
		return "none"
	case http.StatusText(status) == "":
		return "other"
	}
	return strconv.Itoa(status)
}
