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

// The limits of a [Server].
const (
	maxClients  = 256              // connections at once; others wait
	statusLimit = 30 * time.Second // of the wait for a verdict in /getCaseStatus
)

// A Server tests clients, which connect to it once per case. It speaks the protocol of Autobahn's
// fuzzing server. A client requests one of these paths in the opening handshake of a WebSocket
// connection:
//
//	/getCaseCount                     replies with the number of cases
//	/getCaseInfo?case=N               replies with {"id": ..., "description": ...}
//	/runCase?case=N&agent=A           runs the case
//	/getCaseStatus?case=N&agent=A     replies with {"behavior": ...}
//	/updateReports?agent=A            writes the reports
//	/stopServer                       stops the server
//
// N counts from 1. Instead of case=N, casetuple=5.19 selects a case by its id. The client echoes every
// message and answers the closing handshake. With shutdownOnComplete=true, /updateReports stops the
// server, too.
type Server struct {
	Cases   []*Case
	Options *Options // may be nil

	// Exclude, if set, reports whether to skip a case for an agent.
	Exclude func(agent, id string) bool

	// Report, if set, is called for /updateReports with the results so far.
	Report func([]*report.Result) error

	o       *Options
	mu      sync.Mutex
	results map[string]map[string]*report.Result // by agent and id
	order   []*report.Result
	running map[string]int                 // by agent: the number of cases that are running
	leading map[string]chan *clientRequest // by agent and id: requests that follow a redirect
	changed chan struct{}                  // closed when there is a new result or a case ends
	heavy   chan struct{}                  // limits the heavy cases that run at once
	nonces  nonces                         // of all requests
	masks   seenSet[nthKey]                // of the letter cases
	stop    context.CancelCauseFunc
}

// errStopped is the cause of the end of the context if a client stops the server.
var errStopped = errors.New("stopped by a client")

// Results returns the results so far: for each agent and case, the last one.
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

// Serve accepts clients until ctx ends or a client stops the server. It returns nil in the second case.
// It closes l and waits until all connections are closed.
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

// A clientRequest is the request of a client and what it selects.
type clientRequest struct {
	conn       net.Conn
	raw        []byte
	head       head
	rest       []byte // received after the head
	reads      [][]byte
	path       string
	agent      string
	c          *Case
	shutDown   bool
	accept     string // Sec-WebSocket-Accept
	extensions []string
	keyAgain   bool // an earlier connection had a similar Sec-WebSocket-Key
	masks      *seenSet[nthKey]
	followers  chan *clientRequest // requests that follow a redirect of the case
	served     chan struct{}       // of a follower: closed when the case is done with it
}

// redirect returns the path to which a case may redirect its client.
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
		s.reply(q, len(s.Cases))
	case "/getCaseInfo":
		s.reply(q, map[string]string{"id": q.c.ID, "description": q.c.Description})
	case "/getCaseStatus":
		s.reply(q, map[string]report.Verdict{"behavior": s.status(ctx, q)})
	case "/updateReports":
		s.update(ctx, q)
	case "/stopServer":
		s.reply(q, nil)
		s.stop(errStopped)
	}
}

// parse parses the path and the query of a request.
func (s *Server) parse(q *clientRequest) error {
	words := strings.Fields(q.head.line)
	if len(words) != 3 {
		return fmt.Errorf("%q is not the request of a WebSocket client", q.head.line)
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
			return fmt.Errorf("case %q is not a number from 1 to %d", n, len(s.Cases))
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
			return errors.New("no case selected: add ?case=N")
		}
	case "/runCase", "/getCaseStatus", "/followed":
		if q.c == nil || q.agent == "" {
			return errors.New("no case or no agent selected: add ?case=N&agent=NAME")
		}
	default:
		return fmt.Errorf("unknown path %s: use /getCaseCount, /getCaseInfo, /runCase, /getCaseStatus or "+
			"/updateReports", q.path)
	}
	if q.path == "/followed" || q.path == "/runCase" && q.c.script != nil {
		return nil // the case validates the request
	}
	if words[0] != "GET" {
		return fmt.Errorf("%q is not the request of a WebSocket client", q.head.line)
	}
	return q.check()
}

// began counts a case of an agent as running until ended is called.
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

// quiet waits until no case of an agent runs, but not longer than statusLimit.
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
		s.reply(q, nil)
		return
	}
	var res *report.Result
	if q.c.script != nil {
		defer s.lead(q)()
		res = scriptClient(ctx, q.c, s.o, q, s.turn)
	} else {
		p := newDriver(q.c, s.o, q.conn, true)
		p.res.Agent = q.agent
		p.answer(q)
		done := s.turn(q.c)
		p.run(q.rest)
		done()
		res = p.res
	}
	if ctx.Err() == nil { // else the case was interrupted
		s.add(res)
	}
}

// lead allows a case to redirect its client, until done is called.
func (s *Server) lead(q *clientRequest) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.followers = make(chan *clientRequest)
	key := q.redirect()
	s.leading[key] = q.followers
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.leading[key] == q.followers { // else the case runs once more and has set its own
			delete(s.leading, key)
		}
	}
}

// follow passes the request of a client that followed a redirect to the case that sent the redirect, if
// that case still waits for a request.
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

// turn waits until a case may run after its opening handshake: at most as many heavy cases run at once
// as there are processors. done ends the turn.
func (s *Server) turn(c *Case) (done func()) {
	if !c.Heavy {
		return func() {}
	}
	s.heavy <- struct{}{}
	return func() { <-s.heavy }
}

// add keeps a result. If the agent has run the case before, the result says how the verdicts differ.
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

// Wait waits for the result of a case with an agent and returns it. It returns the error of ctx if ctx
// ends first.
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

// clientTime limits the wait for a verdict after the client function has returned.
const clientTime = 30 * time.Second

// Run runs a case by calling client, which connects a client to /runCase with the agent, and returns
// the result. It returns an error if the case has no result or ctx ends.
func (s *Server) Run(ctx context.Context, agent, id string,
	client func(context.Context) error) (*report.Result, error) {
	s.mu.Lock()
	delete(s.results[agent], id)
	s.mu.Unlock()
	failed := client(ctx)
	ctx, cancel := context.WithTimeoutCause(ctx, clientTime,
		errors.New("the client did not complete the case"))
	defer cancel()
	r, err := s.Wait(ctx, agent, id)
	if err != nil && failed != nil {
		return nil, fmt.Errorf("%w: %w", err, failed)
	}
	return r, err
}

// status returns the verdict on a case. It waits for a case that is still running.
func (s *Server) status(ctx context.Context, q *clientRequest) report.Verdict {
	ctx, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	r, err := s.Wait(ctx, q.agent, q.c.ID)
	if err != nil {
		return report.Failed
	}
	return r.Behavior
}

// update writes the report once the last case of the agent has ended.
func (s *Server) update(ctx context.Context, q *clientRequest) {
	s.quiet(ctx, q.agent)
	if s.Report != nil {
		if err := s.Report(s.Results()); err != nil {
			s.stop(err)
			return
		}
	}
	s.reply(q, nil)
	if q.shutDown {
		s.stop(errStopped)
	}
}

// reply sends v as a message in JSON, unless it is nil, and closes the connection.
func (s *Server) reply(q *clientRequest, v any) {
	c := &Case{start: func(p *driver) {
		if v != nil {
			b, err := json.Marshal(v)
			if err != nil {
				panic("BUG: suite: " + err.Error())
			}
			p.send(textFrame(string(b)))
		}
		p.close(codeNormal, "")
	}}
	p := newDriver(c, s.o, q.conn, true)
	p.answer(q)
	p.run(q.rest)
}
