package soak

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/selfsigned"
)

// The parent exchanges JSON values with the server's process, over that process's standard input and
// output. The first value is a ServerConfig, which the server answers with a hello. Each value after it is
// a request, which the server answers with a snapshot or with a list of close records. The server exits when
// its input ends, so it does not outlive its parent. It logs to standard error.
const (
	requestCount   = "count"   // a snapshot without memory
	requestMeasure = "measure" // a snapshot with memory
	requestEndings = "endings" // the records of connections that ended since the last such request
)

// hello is the server's first answer.
type hello struct {
	Addr        string // host:port
	Certificate []byte // DER; only with TLS
}

// Serve runs the server's process: it reads requests from in, and answers them on out, until in ends.
func Serve(in io.Reader, out, logTo io.Writer) error { return serve(in, out, logTo, hooks{}) }

func serve(in io.Reader, out, logTo io.Writer, planted hooks) error {
	var cfg ServerConfig
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	if err := requests.Decode(&cfg); err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	raiseFileLimit()
	prime(cfg.Conns)
	l, h, err := listen(cfg)
	if err != nil {
		return err
	}
	s := newServer(cfg, planted)
	web := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: cfg.HeaderTimeout,
		IdleTimeout:       cfg.HeaderTimeout,
		ErrorLog:          log.New(logTo, "", log.LstdFlags),
	}
	defer web.Close()
	log.SetOutput(logTo)
	go web.Serve(l)
	if err := answers.Encode(h); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.stalls.run(ctx)
	if err := s.answer(requests, answers); err != nil {
		return err
	}
	ctx, cancel = context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	return s.group.Shutdown(ctx)
}

// shutdownTimeout limits the shutdown at the end. All clients have disconnected by then.
const shutdownTimeout = 10 * time.Second

// answer answers requests until the input ends.
func (s *server) answer(requests *json.Decoder, answers *json.Encoder) error {
	for {
		var request string
		if err := requests.Decode(&request); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if request == requestEndings {
			if err := answers.Encode(s.endings.take()); err != nil {
				return err
			}
			continue
		}
		snap := count
		if request == requestMeasure {
			snap = measure
		}
		a := snap()
		a.Stall = s.stalls.longest.Load()
		a.Open = max(s.open.Load(), s.endings.unrecorded(), int64(s.group.Len()))
		a.In, a.Out, a.Pongs = s.in.Load(), s.out.Load(), s.pongs.Load()
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

// listen listens on a free port of the loopback interface.
func listen(cfg ServerConfig) (net.Listener, hello, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, hello{}, err
	}
	h := hello{Addr: l.Addr().String()}
	if cfg.TLS {
		cert, err := selfsigned.New(time.Now())
		if err != nil {
			return nil, hello{}, err
		}
		h.Certificate = cert.Certificate[0]
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	return l, h, nil
}
