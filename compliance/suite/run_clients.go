package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// The bounds of a [Server].
const (
	maxClients  = 256              // connections at once; further ones wait
	statusLimit = 30 * time.Second // of waiting for a verdict in /getCaseStatus
)

// A Server tests clients, which connect to it once for each case. It speaks the
// protocol of the original's fuzzing server, over WebSockets:
//
//	/getCaseCount                     a message: how many cases there are
//	/getCaseInfo?case=N               a message: {"id": ..., "description": ...}
//	/runCase?case=N&agent=A           the case
//	/getCaseStatus?case=N&agent=A     a message: {"behavior": ...}
//	/updateReports?agent=A            the reports are written
//	/stopServer                       the server ends
//
// N counts from 1; casetuple=5.19 names a case by its id instead. The client echoes
// every message, and closes when it is asked to. shutdownOnComplete=true with
// /updateReports ends the server too.
type Server struct {
	Cases   []*Case
	Options *Options // nil is valid

	// Exclude reports whether an agent is spared a case; may be nil.
	Exclude func(agent, id string) bool

	// Report is called for /updateReports with the results so far; may be nil.
	Report func([]*report.Result) error

	o       *Options
	mu      sync.Mutex
	results map[string]map[string]*report.Result // by agent and id
	order   []*report.Result
	running map[string]int                 // cases of an agent that have begun and not ended
	leading map[string]chan *clientRequest // by agent and id: those that follow a redirect of a case
	changed chan struct{}                  // closed when a result comes or a case ends
	heavy   chan struct{}                  // has room for the heavy cases that may run
	nonces  nonces                         // of all requests
	masks   seenSet[nthKey]                // of the letter cases
	stop    context.CancelCauseFunc
}

// errStopped ends a server that was asked to end.
var errStopped = errors.New("stopped by a client")

// Results returns the results so far, the last for each agent and case.
func (s *Server) Results() []*report.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*report.Result
	for _, r := range s.order {
		if s.results[r.Agent][r.ID] == r {
			all = append(all, r)
		}
	}
	return all
}

// Serve accepts clients until ctx ends or a client stops the server, which is no
// error. It closes l, and returns when all connections are closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.mu.Lock()
	s.o, s.results = s.Options.withDefaults(), map[string]map[string]*report.Result{}
	s.running, s.leading, s.o.lateness = map[string]int{}, map[string]chan *clientRequest{}, &lateness{}
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	s.mu.Unlock()
	s.heavy = make(chan struct{}, s.o.processors())
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, s.stop = context.WithCancelCause(ctx)
	defer s.stop(nil)
	defer context.AfterFunc(ctx, func() { l.Close() })()
	wg.Go(func() { s.o.lateness.watch(ctx) })
	free := make(chan struct{}, maxClients)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if errors.Is(context.Cause(ctx), errStopped) {
				return nil
			}
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			s.serve(ctx, conn)
		})
	}
}

// A clientRequest is what a client asks for.
type clientRequest struct {
	conn       net.Conn
	raw        []byte
	head       head
	rest       []byte // what came behind the head
	reads      [][]byte
	path       string
	agent      string
	c          *Case
	shutDown   bool
	accept     string // Sec-WebSocket-Accept
	extensions []string
	keyAgain   bool // another connection had such a Sec-WebSocket-Key
	masks      *seenSet[nthKey]
	followers  chan *clientRequest // those that have followed a redirect of the case
	served     chan struct{}       // of a follower: closed when its connection is done with
}

// redirect is where a case may lead its client to.
func (q *clientRequest) redirect() string {
	return "/followed?" + url.Values{"casetuple": {q.c.ID}, "agent": {q.agent}}.Encode()
}

func (s *Server) serve(ctx context.Context, conn net.Conn) {
	q := &clientRequest{conn: conn}
	_ = conn.SetDeadline(time.Now().Add(s.o.HandshakeTimeout))
	var err error
	q.masks = &s.masks
	q.raw, q.rest, err = readHead(conn, func(b []byte) {
		q.reads = append(q.reads,
			append([]byte(nil), b...))
	})
	if err == nil {
		q.head = parseHead(q.raw)
		q.keyAgain = s.nonces.like(q.head.fields.Get("Sec-Websocket-Key"))
		err = s.parse(q)
	}
	if err != nil {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: "+
			"text/plain; charset=utf-8\r\n\r\n%v\n", err)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	switch q.path {
	case "/runCase":
		s.runCase(ctx, q)
	case "/followed":
		s.follow(ctx, q)
	case "/getCaseCount":
		s.tell(q, len(s.Cases))
	case "/getCaseInfo":
		s.tell(q, map[string]string{"id": q.c.ID, "description": q.c.Description})
	case "/getCaseStatus":
		s.tell(q, map[string]report.Verdict{"behavior": s.status(ctx, q)})
	case "/updateReports":
		s.update(ctx, q)
	case "/stopServer":
		s.tell(q, nil)
		s.stop(errStopped)
	}
}

// parse reads what a client asks for.
func (s *Server) parse(q *clientRequest) error {
	words := strings.Fields(q.head.line)
	if len(words) != 3 {
		return fmt.Errorf("%q is no request of a WebSocket client", q.head.line)
	}
	u, err := url.ParseRequestURI(words[1])
	if err != nil {
		return err
	}
	query := u.Query()
	q.path, q.agent = u.Path, query.Get("agent")
	q.shutDown, _ = strconv.ParseBool(strings.Replace(strings.ToLower(query.Get("shutdownOnComplete")),
		"yes", "true", 1))
	if n := query.Get("case"); n != "" {
		i, err := strconv.Atoi(n)
		if err != nil || i < 1 || i > len(s.Cases) {
			return fmt.Errorf("case %q is none of the %d there are", n, len(s.Cases))
		}
		q.c = s.Cases[i-1]
	}
	if id := query.Get("casetuple"); id != "" {
		for _, c := range s.Cases {
			if c.ID == strings.TrimSpace(id) {
				q.c = c
			}
		}
		if q.c == nil {
			return fmt.Errorf("there is no case %q", id)
		}
	}
	switch q.path {
	case "/getCaseCount", "/stopServer", "/updateReports":
	case "/getCaseInfo":
		if q.c == nil {
			return errors.New("which case? add ?case=N")
		}
	case "/runCase", "/getCaseStatus", "/followed":
		if q.c == nil || q.agent == "" {
			return errors.New("which case, and who are you? add ?case=N&agent=NAME")
		}
	default:
		return fmt.Errorf("%s is nothing to ask for; see /getCaseCount, /getCaseInfo, /runCase, "+
			"/getCaseStatus, /updateReports", q.path)
	}
	if q.path == "/followed" || q.path == "/runCase" && q.c.script != nil {
		return nil // the case judges the request
	}
	if words[0] != "GET" {
		return fmt.Errorf("%q is no request of a WebSocket client", q.head.line)
	}
	return q.check()
}

// began counts a case of an agent that runs, until ended is called.
func (s *Server) began(agent string) (ended func()) {
	count := func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running[agent] += n
		close(s.changed)
		s.changed = make(chan struct{})
	}
	count(1)
	return func() { count(-1) }
}

// quiet waits, no longer than statusLimit, until no case of an agent runs.
func (s *Server) quiet(ctx context.Context, agent string) {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	for {
		s.mu.Lock()
		n, changed := s.running[agent], s.changed
		s.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// runCase plays a case.
func (s *Server) runCase(ctx context.Context, q *clientRequest) {
	defer s.began(q.agent)()
	if s.Exclude != nil && s.Exclude(q.agent, q.c.ID) {
		s.tell(q, nil)
		return
	}
	var res *report.Result
	if q.c.script != nil {
		defer s.lead(q)()
		res = scriptClient(ctx, q.c, s.o, q, s.turn)
	} else {
		p := newPeer(q.c, s.o, q.conn, true)
		p.res.Agent = q.agent
		p.answer(q)
		done := s.turn(q.c)
		p.run(q.rest)
		done()
		res = p.res
	}
	if ctx.Err() == nil { // else it was cut off
		s.add(res)
	}
}

// lead lets a case redirect its client, until done is called.
func (s *Server) lead(q *clientRequest) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.followers = make(chan *clientRequest)
	key := q.redirect()
	s.leading[key] = q.followers
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.leading[key] == q.followers { // else the case runs again
			delete(s.leading, key)
		}
	}
}

// follow hands a client that has followed a redirect to the case that has sent it, if
// that takes it.
func (s *Server) follow(ctx context.Context, q *clientRequest) {
	s.mu.Lock()
	followers := s.leading[q.redirect()]
	s.mu.Unlock()
	q.served = make(chan struct{})
	select {
	case followers <- q:
		<-q.served
	case <-time.After(s.o.HandshakeTimeout):
	case <-ctx.Done():
	}
}

// turn waits until a case may run, behind its opening handshake: no more of the
// heavy ones at once than there are processors. done ends the turn.
func (s *Server) turn(c *Case) (done func()) {
	if !c.Heavy {
		return func() {}
	}
	s.heavy <- struct{}{}
	return func() { <-s.heavy }
}

// add keeps a result. One of a case that the agent has run before tells how the
// verdicts differ.
func (s *Server) add(r *report.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.results[r.Agent][r.ID]; old != nil {
		r.Follow(old)
	}
	if s.results[r.Agent] == nil {
		s.results[r.Agent] = map[string]*report.Result{}
	}
	s.results[r.Agent][r.ID] = r
	s.order = append(s.order, r)
	close(s.changed)
	s.changed = make(chan struct{})
	if s.o.Done != nil {
		s.o.Done(r)
	}
}

// Wait returns the result of a case with an agent as soon as there is one, or ctx's
// error.
func (s *Server) Wait(ctx context.Context, agent, id string) (*report.Result, error) {
	for {
		s.mu.Lock()
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		r, changed := s.results[agent][id], s.changed
		s.mu.Unlock()
		if r != nil {
			return r, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// clientTime bounds the wait for a verdict once the client has done its part.
const clientTime = 30 * time.Second

// Run has a client run a case, by a function that connects it to /runCase with the
// agent, and returns the result. The error is that the case has none, or ctx's.
func (s *Server) Run(ctx context.Context, agent, id string,
	client func(context.Context) error) (*report.Result, error) {
	s.mu.Lock()
	delete(s.results[agent], id)
	s.mu.Unlock()
	failed := client(ctx)
	ctx, cancel := context.WithTimeoutCause(ctx, clientTime,
		errors.New("the client did not run the case to its end"))
	defer cancel()
	r, err := s.Wait(ctx, agent, id)
	if err != nil && failed != nil {
		return nil, fmt.Errorf("%w; its error is %w", err, failed)
	}
	return r, err
}

// status is the verdict on a case, which may still run.
func (s *Server) status(ctx context.Context, q *clientRequest) report.Verdict {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	r, err := s.Wait(ctx, q.agent, q.c.ID)
	if err != nil {
		return report.Failed
	}
	return r.Behavior
}

// update has the report written, of all cases that the agent has run: the last may
// still be at its end.
func (s *Server) update(ctx context.Context, q *clientRequest) {
	s.quiet(ctx, q.agent)
	if s.Report != nil {
		if err := s.Report(s.Results()); err != nil {
			s.stop(err)
			return
		}
	}
	s.tell(q, nil)
	if q.shutDown {
		s.stop(errStopped)
	}
}

// tell answers with a message, unless v is nil, and closes.
func (s *Server) tell(q *clientRequest, v any) {
	c := &Case{start: func(p *peer) {
		if v != nil {
			b, err := json.Marshal(v)
			if err != nil {
				panic("BUG: suite: " + err.Error())
			}
			p.send(textFrame(string(b)))
		}
		p.close(codeNormal, "")
	}}
	p := newPeer(c, s.o, q.conn, true)
	p.answer(q)
	p.run(q.rest)
}
