// Package wsotel records the connections of package websocket as OpenTelemetry metrics.
//
// Set the Events that [New] returns in the options of a handler:
//
//	events, err := wsotel.New(otel.GetMeterProvider())
//	if err != nil {
//		return err
//	}
//	http.Handle("/chat", websocket.Handler{
//		Serve:   chat,
//		Options: &websocket.AcceptOptions{Events: events},
//	})
//
// OpenTelemetry has no conventions for WebSockets yet. These names follow those for HTTP:
//
//	websocket.active_connections    up-down counter   {connection}
//	websocket.accepted_connections  counter           {connection}
//	websocket.closed_connections    counter           {connection}
//	    websocket.close.side, websocket.close.code, websocket.close.clean, error.type
//	websocket.connection.duration   histogram         s
//	websocket.refused_handshakes    counter           {handshake}
//	    error.type
//	websocket.message.size          histogram         By
//	    network.io.direction, websocket.message.type
//	websocket.message.wire_size     counter           By
//	    network.io.direction, websocket.message.type
//	websocket.ping.duration         histogram         s
//
// The size of a message is that of its payload, decompressed. The count of the histogram is
// therefore the number of messages, and its sum is the number of payload bytes. The wire size is
// that of the same payload as sent, after compression and without headers. The direction is
// "receive" or "transmit", and the type is "text" or "binary".
//
// The side that ended a connection is "peer" or "local". The code is that of its close frame, or
// "1006" if it sent none, such as after [websocket.Conn.CloseNow]. A close is clean if both sides
// sent a close frame. A side that closes because the peer broke a rule or a limit does not wait for
// the peer's close frame, so that close is not clean. The error.type of a connection is "no_pong"
// for [websocket.ErrNoPong], "peer_not_reading" for [websocket.ErrPeerNotReading], and absent
// otherwise. The error.type of a refused handshake is its HTTP status.
//
// Peers can create only a limited number of attribute sets. Codes from 3000 to 3999 are recorded as
// "3xxx" and those from 4000 to 4999 as "4xxx". A status is one that net/http has a name for, "none"
// if there was no response, or "_OTHER".
//
// The package records metrics only. It creates no spans, because a connection may last for days.
// Tracing messages is up to the program. Measurements have no context, so they have no exemplars.
//
// [websocket.JoinEvents] combines the metrics with other Events, such as those of a logger.
package wsotel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/hawser-ws/hawser/websocket"
)

const scope = "github.com/hawser-ws/hawser/websocket/wsotel"

// A recorder has the functions of the Events and the instruments that they use.
type recorder struct {
	attrs []attribute.KeyValue // of every measurement

	active                    metric.Int64UpDownCounter
	accepted, closed, refused metric.Int64Counter
	duration, roundTrip       metric.Float64Histogram
	size                      metric.Int64Histogram
	wire                      metric.Int64Counter
	add                       []metric.AddOption    // attrs
	record                    []metric.RecordOption // attrs
	received, sent            [2]options            // of text and binary messages

	began sync.Map // from each open *websocket.Conn to the time.Time at which it was accepted
}

// options are the attributes of the messages of one direction and type.
type options struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// New returns Events that record the metrics of all connections that they are called for, with
// instruments of provider. A nil provider means that of [otel.GetMeterProvider]. All measurements
// have the attributes attrs, which tell several handlers or clients apart:
//
//	chat, err := wsotel.New(provider, attribute.String("handler", "chat"))
//
// Set the Events in the options of any number of handlers, clients and connections. A connection
// counts as active until it has been closed. The SDK can change names and bucket boundaries with a
// view.
//
// New returns an error if provider fails to make an instrument.
func New(provider metric.MeterProvider, attrs ...attribute.KeyValue) (*websocket.Events, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	r := &recorder{attrs: slices.Clone(attrs)}
	if err := r.makeInstruments(provider.Meter(scope)); err != nil {
		return nil, fmt.Errorf("wsotel: %w", err)
	}
	o := r.options()
	r.add, r.record = o.add, o.record
	for i, t := range []websocket.MessageType{websocket.Text, websocket.Binary} {
		kind := attribute.String("websocket.message.type", t.String())
		r.received[i] = r.options(attribute.String("network.io.direction", "receive"), kind)
		r.sent[i] = r.options(attribute.String("network.io.direction", "transmit"), kind)
	}
	return &websocket.Events{
		Refused: r.onRefused, Accepted: r.onAccepted, Read: r.onRead, Wrote: r.onWrote,
		Pong: r.onPong, Closed: r.onClosed,
	}, nil
}

func (r *recorder) makeInstruments(meter metric.Meter) error {
	var errs [8]error
	r.active, errs[0] = meter.Int64UpDownCounter("websocket.active_connections",
		metric.WithUnit("{connection}"), metric.WithDescription("Open WebSocket connections."))
	r.accepted, errs[1] = meter.Int64Counter("websocket.accepted_connections",
		metric.WithUnit("{connection}"),
		metric.WithDescription("WebSocket connections that were opened."))
	r.closed, errs[2] = meter.Int64Counter("websocket.closed_connections",
		metric.WithUnit("{connection}"),
		metric.WithDescription("WebSocket connections that ended."))
	r.refused, errs[3] = meter.Int64Counter("websocket.refused_handshakes",
		metric.WithUnit("{handshake}"),
		metric.WithDescription("WebSocket opening handshakes that failed."))
	r.duration, errs[4] = meter.Float64Histogram("websocket.connection.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Time from the opening handshake of WebSocket connections to their end."),
		metric.WithExplicitBucketBoundaries(1, 10, 60, 600, 3600, 6*3600, 24*3600))
	r.roundTrip, errs[5] = meter.Float64Histogram("websocket.ping.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Time from a WebSocket ping to its pong."),
		metric.WithExplicitBucketBoundaries(
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	r.size, errs[6] = meter.Int64Histogram("websocket.message.size",
		metric.WithUnit("By"),
		metric.WithDescription("Payload sizes of WebSocket messages, decompressed."),
		metric.WithExplicitBucketBoundaries(
			1<<6, 1<<8, 1<<10, 1<<12, 1<<14, 1<<16, 1<<18, 1<<20, 1<<22, 1<<24))
	r.wire, errs[7] = meter.Int64Counter("websocket.message.wire_size",
		metric.WithUnit("By"),
		metric.WithDescription("Payload bytes of WebSocket messages on the wire, compressed and without headers."))
	return errors.Join(errs[:]...)
}

// options returns the options of a measurement with r.attrs and attrs.
func (r *recorder) options(attrs ...attribute.KeyValue) options {
	o := metric.WithAttributeSet(attribute.NewSet(slices.Concat(r.attrs, attrs)...))
	return options{[]metric.AddOption{o}, []metric.RecordOption{o}}
}

func (r *recorder) onRefused(_ *http.Request, err *websocket.HandshakeError) {
	o := r.options(attribute.String("error.type", statusType(err.Status)))
	r.refused.Add(context.Background(), 1, o.add...)
}

func (r *recorder) onAccepted(_ *http.Request, conn *websocket.Conn) {
	r.began.Store(conn, time.Now())
	r.accepted.Add(context.Background(), 1, r.add...)
	r.active.Add(context.Background(), 1, r.add...)
}

func (r *recorder) onClosed(conn *websocket.Conn, closure websocket.Closure) {
	began, ok := r.began.LoadAndDelete(conn)
	if !ok {
		return
	}
	r.active.Add(context.Background(), -1, r.add...)
	r.duration.Record(context.Background(), time.Since(began.(time.Time)).Seconds(), r.record...)
	side, code := "local", closure.Sent.Code
	if closure.ByPeer {
		side, code = "peer", closure.Received.Code
	}
	attrs := []attribute.KeyValue{
		attribute.String("websocket.close.side", side),
		attribute.String("websocket.close.code", codeName(code)),
		attribute.Bool("websocket.close.clean", closure.Clean),
	}
	if kind := errorType(closure.Err); kind != "" {
		attrs = append(attrs, attribute.String("error.type", kind))
	}
	r.closed.Add(context.Background(), 1, r.options(attrs...).add...)
}

func (r *recorder) onRead(_ *websocket.Conn, t websocket.MessageType, payload, wire int64) {
	r.count(&r.received[index(t)], payload, wire)
}

func (r *recorder) onWrote(_ *websocket.Conn, t websocket.MessageType, payload, wire int64) {
	r.count(&r.sent[index(t)], payload, wire)
}

func (r *recorder) count(o *options, payload, wire int64) {
	r.size.Record(context.Background(), payload, o.record...)
	r.wire.Add(context.Background(), wire, o.add...)
}

func (r *recorder) onPong(_ *websocket.Conn, roundTrip time.Duration) {
	r.roundTrip.Record(context.Background(), roundTrip.Seconds(), r.record...)
}

// index returns the index of t in an array of options.
func index(t websocket.MessageType) int {
	if t == websocket.Text {
		return 0
	}
	return 1
}

// codeName returns the attribute of a close code, 0 if there was no close frame. Applications
// define the codes from 3000, so those are grouped.
func codeName(code websocket.StatusCode) string {
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

// errorType returns the attribute for the error that ended a connection, or "" if the close code
// says enough.
func errorType(err error) string {
	switch {
	case errors.Is(err, websocket.ErrNoPong):
		return "no_pong"
	case errors.Is(err, websocket.ErrPeerNotReading):
		return "peer_not_reading"
	}
	return ""
}

// statusType returns the attribute for an HTTP status, 0 if there was no response. On a client, the
// status is the server's choice.
func statusType(status int) string {
	switch {
	case status == 0:
		return "none"
	case http.StatusText(status) == "":
		return "_OTHER" // as in OpenTelemetry's conventions
	}
	return strconv.Itoa(status)
}
