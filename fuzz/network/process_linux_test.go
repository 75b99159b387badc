package network

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// A setup tells a process what to do.
type setup struct {
	Role string // server, client or hop

	// PingInterval and PongTimeout are Limits of the connections.
	PingInterval, PongTimeout time.Duration

	TLS      bool          // connections over TLS
	Compress bool          // with permessage-deflate
	Size     int           // of all data that is sent, in bytes; 0: various
	PeerSize int           // of all data that is received
	Pause    time.Duration // between two messages
	Queue    int           // how many messages may wait
	Policy   string        // of the queue; "": sending waits for room

	Impairment impairment // of a hop
}

// An event is what a process reports. Not every field belongs to every kind.
type event struct {
	// Kind is:
	//   - ready: a server listens, or a hop forwards packets
	//   - open: a connection has been opened
	//   - progress: a message has arrived (not every one is reported)
	//   - end: a connection has ended
	//   - retry: the client waits before it dials
	//   - refused: the client will not dial again
	//   - shut: the server has been shut down, and refuses connections
	//   - count: how many packets a hop has treated in each way
	//   - done: both sides have sent and received all, and the connection was closed
	//   - wrong: a message was not as expected
	Kind string

	Conn  int    // the number of the connection, from 1
	Cause string // of the end; see causeOf
	Err   string

	// Of an end, of a progress, and of done.
	Received uint64 // the number of the next message that is expected
	Missing  uint64 // how many numbers below that were left out, on all connections

	// Of an end and of done. They count the messages of this connection, also those that are not numbered.
	Queued, Written, Dropped int64

	// Of a retry, and Class of a refusal.
	Class   string
	Wait    time.Duration
	Attempt int
	Status  int // of the response, if any

	// Of a count.
	Packets map[string]int64
}

// A process is a program on one of the hosts.
type process struct {
	t      testing.TB
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
	events chan event    // closed at the end of its output
	done   chan struct{} // closed when it has ended
	err    error         // how it has ended

	attempt int // of the last retry
}

// start starts a process on the host ns. It is ended with the test.
func (h *hosts) start(ns string, s setup) *process {
	h.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		h.t.Fatal(err)
	}
	p := &process{t: h.t, name: s.Role, events: make(chan event, 1<<12), done: make(chan struct{})}
	p.cmd = exec.Command("ip", "netns", "exec", ns, exe)
	p.cmd.Env = append(os.Environ(), setupVar+"="+string(encoded))
	p.cmd.Stderr = &p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		h.t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go p.watch(stdout)
	h.t.Cleanup(p.stop)
	return p
}

// watch passes on the events of the process until it ends.
func (p *process) watch(stdout io.Reader) {
	defer close(p.done)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = event{Kind: "wrong", Err: fmt.Sprintf("%q: %v", lines.Bytes(), err)}
		}
		p.events <- e
	}
	close(p.events)
	p.err = p.cmd.Wait()
}

// tell sends a command to the process.
func (p *process) tell(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, command+"\n"); err != nil {
		p.t.Errorf("%s: %v", p.name, err)
	}
}

// await returns the next event of this kind, and skips others.
func (p *process) await(kind string) event {
	p.t.Helper()
	return p.awaitThat(kind, func(e event) bool { return e.Kind == kind })
}

// awaitThat returns the next event for which ok returns true, and skips others. what describes it.
func (p *process) awaitThat(what string, ok func(event) bool) event {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		select {
		case e, open := <-p.events:
			if !open {
				<-p.done
				p.t.Fatalf("%s ended before %s: %v\n%s", p.name, what, p.err, &p.stderr)
			}
			p.check(e)
			switch {
			case e.Kind == "wrong":
				p.t.FailNow()
			case ok(e):
				return e
			}
		case <-ctx.Done():
			p.t.Fatalf("%s: no %s within %v", p.name, what, patience)
		}
	}
}

// check checks what must hold for any event of its kind.
func (p *process) check(e event) {
	p.t.Helper()
	switch e.Kind {
	case "wrong":
		p.t.Errorf("%s: %s", p.name, e.Err)
	case "retry":
		p.checkRetry(e)
	case "end":
		// Whatever the queue was given was either written or dropped.
		if e.Queued != e.Written+e.Dropped {
			p.t.Errorf("%s queued %d messages, but has written %d and dropped %d",
				p.name, e.Queued, e.Written, e.Dropped)
		}
	}
}

// checkRetry checks that a wait of redial is within its limits.
func (p *process) checkRetry(e event) {
	p.t.Helper()
	if e.Attempt != p.attempt+1 && e.Attempt != 1 {
		p.t.Errorf("attempt %d follows attempt %d", e.Attempt, p.attempt)
	}
	p.attempt = e.Attempt
	least, most := time.Duration(0), maxWait
	if e.Attempt < 10 {
		most = min(most, minWait<<(e.Attempt-1))
	}
	if e.Status == http.StatusServiceUnavailable {
		least = retryAfter
		most = retryAfter + max(most, retryAfter/2)
	}
	if e.Wait < least || e.Wait > most {
		p.t.Errorf("wait before attempt %d is %v, want between %v and %v", e.Attempt, e.Wait, least, most)
	}
}

// kill kills the process, which has no time to close anything, and waits for its end.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Errorf("kill %s: %v", p.name, err)
	}
	for e := range p.events {
		p.check(e)
	}
	<-p.done
}

// stop ends the process. A process ends by itself when its input does.
func (p *process) stop() {
	p.stdin.Close()
	timer := time.AfterFunc(patience, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	for e := range p.events {
		p.check(e)
	}
	<-p.done
	if p.stderr.Len() > 0 { // a panic or a data race
		p.t.Errorf("%s: %s", p.name, &p.stderr)
	}
}

// A reporter reports the events of this process. Any goroutine may use it.
type reporter struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newReporter() *reporter { return &reporter{enc: json.NewEncoder(os.Stdout)} }

func (r *reporter) report(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enc.Encode(e) // fails only if the test has ended, and then so does this process
}
