package soak

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is the server's process, as its parent sees it.
type process struct {
	addr  string
	tls   *tls.Config // nil for plain TCP
	log   serverLog
	limit time.Duration // for one answer, and for the exit

	mu     sync.Mutex // serializes requests
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	answer *json.Decoder
	failed error // the first failure of a request
}

// start starts the server. The server is killed when ctx ends.
func start(ctx context.Context, cmd *exec.Cmd, cfg ServerConfig, limit time.Duration) (*process, error) {
	p := &process{cmd: cmd, limit: limit}
	cmd.Stderr = &p.log
	cmd.WaitDelay = 5 * time.Second // another process may hold standard error open
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	p.answer = json.NewDecoder(p.stdout)
	var h hello
	if err := p.ask(cfg, &h); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("server did not start: %w\n%s", err, p.log.String())
	}
	p.addr = h.Addr
	if len(h.Certificate) > 0 {
		cert, err := x509.ParseCertificate(h.Certificate)
		if err != nil {
			return nil, errors.Join(err, p.stop())
		}
		p.tls = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
		p.tls.RootCAs.AddCert(cert)
	}
	return p, nil
}

// ask sends a request and reads its answer. It kills a server that does not answer in time. After a
// failure every later call returns the same error.
func (p *process) ask(request, answer any) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return p.failed
	}
	defer func() { p.failed = err }()
	late := time.AfterFunc(p.limit, func() { _ = p.cmd.Process.Kill() })
	if err = json.NewEncoder(p.stdin).Encode(request); err == nil {
		err = p.answer.Decode(answer)
	}
	if !late.Stop() {
		return fmt.Errorf("no answer in %v", p.limit)
	}
	return err
}

// snapshot requests a snapshot: requestCount or requestMeasure.
func (p *process) snapshot(request string) (s snapshot, err error) {
	err = p.ask(request, &s)
	return s, err
}

// settle waits, at most for limit, until the server has no connections, and no more goroutines and files
// than in the snapshot before. Then it adds the server's close records to t and returns a complete
// snapshot.
func (p *process) settle(before snapshot, limit time.Duration, t *tally) (snapshot, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); time.Now().Before(end); <-tick.C {
		s, err := p.snapshot(requestCount)
		if err != nil {
			return s, err
		}
		if s.Open == 0 && s.Goroutines <= before.Goroutines && s.Files <= before.Files {
			break
		}
	}
	var records []closeRecord
	if err := p.ask(requestEndings, &records); err != nil {
		return snapshot{}, err
	}
	t.closes.addReceived(records)
	return p.snapshot(requestMeasure)
}

// stop closes the server's input and waits for its exit. It kills a server that does not exit in time.
// The error is that of the process.
func (p *process) stop() error {
	_ = p.stdin.Close()
	patience := time.AfterFunc(p.limit, func() { _ = p.cmd.Process.Kill() })
	defer patience.Stop()
	_, _ = io.Copy(io.Discard, p.stdout)
	return p.cmd.Wait()
}

// serverLog keeps the beginning of the server's log.
type serverLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// logKept limits how much of the log is kept.
const logKept = 64 << 10 // bytes

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := logKept - l.text.Len(); room > 0 {
		l.text.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// faults returns the lines that report an error: all but those of net/http about incomplete TLS
// handshakes, which abusive clients cause.
func (l *serverLog) faults() []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.Contains(line, "http: TLS handshake error from ") {
			found = append(found, line)
		}
	}
	return found
}
