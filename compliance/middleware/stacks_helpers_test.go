package middleware

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/rs/cors"
	"github.com/urfave/negroni"
)

// A stack is a router or middleware, set up as in a program.
type stack struct {
	name  string
	build builder
}

// A builder puts a stack around h. status returns the status that the stack recorded for its only request, or
// nothing.
type builder func(h http.Handler) (stacked http.Handler, status func() string)

// nothing is the cell of the table if no status is recorded, or if no WebSocket opens.
const nothing = "-"

// stacks are the rows of the table, in order.
var stacks = []stack{
	{"`gin.Logger`", ginLogger},
	{"`gin.Logger` inside a wrapper with only `Unwrap`", ginWrapped},
	{"echo, `middleware.RequestLogger`", echoWith(nil)},
	{"echo, `middleware.Gzip`", echoWith(echomiddleware.Gzip())},
	{"echo, `middleware.ContextTimeout`", echoWith(echomiddleware.ContextTimeout(time.Minute))},
	{"chi, `middleware.Logger`", chiWith(nil)},
	{"chi, `middleware.Compress`", chiWith(chimiddleware.Compress(5, "text/plain"))},
	{"chi, `middleware.Timeout`", chiWith(chimiddleware.Timeout(time.Minute))},
	{"chi, `middleware.Throttle`", chiWith(chimiddleware.Throttle(1))},
	{"gorilla/mux, `handlers.LoggingHandler`", gorillaWith(handlers.LoggingHandler)},
	{"gorilla/mux, `handlers.CombinedLoggingHandler`", gorillaWith(handlers.CombinedLoggingHandler)},
	{"gorilla/mux, `handlers.CompressHandler`", silent(gorillaCompress)},
	{"negroni, `NewLogger`", negroniLogger},
	{"`promhttp.InstrumentHandlerCounter`", counter},
	{"`promhttp.InstrumentHandlerDuration`", duration},
	{"`promhttp.InstrumentHandlerTimeToWriteHeader`", timeToWriteHeader},
	{"`promhttp.InstrumentHandlerInFlight`", silent(inFlight)},
	{"`otelhttp.NewHandler`, span", otelSpan},
	{"`otelhttp.NewHandler`, metric", otelMetric},
	{"`httpsnoop.CaptureMetrics`", snoop},
	{"rs/cors", silent(crossOrigin)},
	{"httprouter", silent(router)},
	{"`http.TimeoutHandler`", silent(timeout)},
	{"a wrapper with `WriteHeader` and `Unwrap`", wrapper(true)},
	{"a wrapper with only `WriteHeader`", wrapper(false)},
	{"the `recorder` above", recording},
}

// silent builds a stack that records no status.
func silent(wrap func(http.Handler) http.Handler) builder {
	return func(h http.Handler) (http.Handler, func() string) {
		return wrap(h), func() string { return nothing }
	}
}

func ginLogger(h http.Handler) (http.Handler, func() string) {
	gin.SetMode(gin.ReleaseMode) // debug mode prints
	status := nothing
	e := gin.New()
	format := func(p gin.LogFormatterParams) string {
		status = strconv.Itoa(p.StatusCode)
		return ""
	}
	e.Use(gin.LoggerWithConfig(gin.LoggerConfig{Output: io.Discard, Formatter: format}))
	e.GET("/", gin.WrapH(h))
	return e, func() string { return status }
}

func ginWrapped(h http.Handler) (http.Handler, func() string) {
	e, status := ginLogger(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.ServeHTTP(&unwrapper{statusWriter{ResponseWriter: w}}, r)
	}), status
}

func echoWith(inner echo.MiddlewareFunc) builder {
	return func(h http.Handler) (http.Handler, func() string) {
		status := nothing
		e := echo.New()
		e.Logger.SetOutput(io.Discard)
		e.Use(echomiddleware.RequestLoggerWithConfig(echomiddleware.RequestLoggerConfig{
			LogStatus: true,
			LogValuesFunc: func(_ echo.Context, v echomiddleware.RequestLoggerValues) error {
				status = strconv.Itoa(v.Status)
				return nil
			},
		}))
		if inner != nil {
			e.Use(inner)
		}
		e.GET("/", echo.WrapHandler(h))
		return e, func() string { return status }
	}
}

func chiWith(inner func(http.Handler) http.Handler) builder {
	return func(h http.Handler) (http.Handler, func() string) {
		var line bytes.Buffer
		r := chi.NewRouter()
		format := &chimiddleware.DefaultLogFormatter{Logger: log.New(&line, "", 0), NoColor: true}
		r.Use(chimiddleware.RequestLogger(format))
		if inner != nil {
			r.Use(inner)
		}
		r.Method(http.MethodGet, "/", h)
		return r, logged(&line, ` - (\d+) `)
	}
}

// logged returns a function that returns the text which the only group of pattern matches in line.
func logged(line *bytes.Buffer, pattern string) func() string {
	re := regexp.MustCompile(pattern)
	return func() string {
		m := re.FindStringSubmatch(line.String())
		if m == nil {
			return fmt.Sprintf("log %q", line)
		}
		return m[1]
	}
}

func gorillaMux(h http.Handler) http.Handler {
	m := mux.NewRouter()
	m.Handle("/", h).Methods(http.MethodGet)
	return m
}

func gorillaWith(logging func(io.Writer, http.Handler) http.Handler) builder {
	return func(h http.Handler) (http.Handler, func() string) {
		line := new(bytes.Buffer)
		return logging(line, gorillaMux(h)), logged(line, `HTTP/1\.1" (\d+) `)
	}
}

func gorillaCompress(h http.Handler) http.Handler { return handlers.CompressHandler(gorillaMux(h)) }

func negroniLogger(h http.Handler) (http.Handler, func() string) {
	var line bytes.Buffer
	l := negroni.NewLogger()
	l.ALogger = log.New(&line, "", 0)
	n := negroni.New(l)
	n.UseHandler(h)
	return n, logged(&line, `\| (\d+) \|`)
}

func snoop(h http.Handler) (http.Handler, func() string) {
	status := nothing
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status = strconv.Itoa(httpsnoop.CaptureMetrics(h, w, r).Code)
	}), func() string { return status }
}

// crossOrigin allows otherOrigin, but not the origin of the server.
func crossOrigin(h http.Handler) http.Handler {
	return cors.New(cors.Options{AllowedOrigins: []string{otherOrigin}}).Handler(h)
}

func router(h http.Handler) http.Handler {
	r := httprouter.New()
	r.Handler(http.MethodGet, "/", h)
	return r
}

func timeout(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }

// A statusWriter is a wrapper like those of many programs.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// An unwrapper is a statusWriter that http.ResponseController can unwrap.
type unwrapper struct{ statusWriter }

func (w *unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func wrapper(unwraps bool) builder {
	return func(h http.Handler) (http.Handler, func() string) {
		status := 0
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u := &unwrapper{statusWriter{ResponseWriter: w}}
			if unwraps {
				h.ServeHTTP(u, r)
			} else {
				h.ServeHTTP(&u.statusWriter, r)
			}
			status = u.status
		}), func() string { return strconv.Itoa(status) }
	}
}
