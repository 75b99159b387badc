package middleware

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func counter(h http.Handler) (http.Handler, func() string) {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total"}, []string{"code"})
	return promhttp.InstrumentHandlerCounter(v, h), codes(v)
}

func duration(h http.Handler) (http.Handler, func() string) {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "duration_seconds"}, []string{"code"})
	return promhttp.InstrumentHandlerDuration(v, h), codes(v)
}

func timeToWriteHeader(h http.Handler) (http.Handler, func() string) {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "header_seconds"}, []string{"code"})
	return promhttp.InstrumentHandlerTimeToWriteHeader(v, h), codes(v)
}

func inFlight(h http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"}), h)
}

// codes returns a function that returns the values of the label code in c.
func codes(c prometheus.Collector) func() string {
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	return func() string {
		families, err := r.Gather()
		if err != nil {
			return err.Error()
		}
		var all []string
		for _, family := range families {
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					all = append(all, l.GetValue())
				}
			}
		}
		return orNothing(all)
	}
}

func orNothing(statuses []string) string {
	if len(statuses) == 0 {
		return nothing
	}
	return strings.Join(statuses, " ")
}

const otelStatus = attribute.Key("http.response.status_code")

func otelSpan(h http.Handler) (http.Handler, func() string) {
	spans := tracetest.NewSpanRecorder()
	traced := otelhttp.NewHandler(h, "websocket",
		otelhttp.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans))))
	return traced, func() string {
		var all []string
		for _, span := range spans.Ended() {
			set := attribute.NewSet(span.Attributes()...)
			all = append(all, statusOf(&set))
		}
		return orNothing(all)
	}
}

func otelMetric(h http.Handler) (http.Handler, func() string) {
	reader := metric.NewManualReader()
	measured := otelhttp.NewHandler(h, "websocket",
		otelhttp.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))))
	return measured, func() string {
		var rm metricdata.ResourceMetrics
		if err := reader.Collect(context.Background(), &rm); err != nil {
			return err.Error()
		}
		var all []string
		for _, scope := range rm.ScopeMetrics {
			for _, m := range scope.Metrics {
				if m.Name != "http.server.request.duration" {
					continue
				}
				for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
					all = append(all, statusOf(&p.Attributes))
				}
			}
		}
		return orNothing(all)
	}
}

func statusOf(set *attribute.Set) string {
	v, ok := set.Value(otelStatus)
	if !ok {
		return "no status"
	}
	return fmt.Sprint(v.AsInt64())
}
