package suite

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hawser-ws/hawser/compliance/report"
)

// TestServer runs cases against the server at a URL: ws, wss, or
// ws+unix:///path/of.sock:/path. It returns the results in the order of the cases.
// The error is that no connection could be made, or ctx's; then the results are
// those that there are. opts may be nil.
func TestServer(ctx context.Context, url string, cases []*Case, opts *Options) ([]*report.Result, error) {
	o := opts.withDefaults()
	t, err := parseTarget(url, o.TLS)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{ctx: ctx, cancel: cancel, o: o, t: t, results: make([]*report.Result, len(cases))}
	idle := func(c *Case) bool { return c.Idle && o.Parallel > 1 }
	var waiting sync.WaitGroup
	waiting.Go(func() { r.all(cases, o.Parallel, idle) })
	r.all(cases, o.Parallel, func(c *Case) bool { return !c.Heavy && !idle(c) })
	r.all(cases, o.processors(), func(c *Case) bool { return c.Heavy })
	waiting.Wait()
	if o.Parallel > 1 {
		r.again(cases)
	}
	var done []*report.Result
	for _, res := range r.results {
		if res != nil {
			done = append(done, res)
		}
	}
	return done, context.Cause(ctx)
}

// Probe reports whether there is a WebSocket server at a URL: it opens a connection,
// and drops it. The error says what there is instead. A server that answers 101 is
// one, whatever is wrong with the answer: that is for the cases to say.
func Probe(ctx context.Context, url string, opts *Options) error {
	o := opts.withDefaults()
	t, err := parseTarget(url, o.TLS)
	if err != nil {
		return err
	}
	conn, err := t.dial(ctx, o.HandshakeTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p := newPeer(&Case{}, o, conn, false)
	_, err = p.open(t)
	p.finish()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := p.res.HTTPResponse
	switch words := strings.Fields(answer); {
	case p.res.WasOpenHandshakeTimeout && answer != "":
		return fmt.Errorf("the server's answer to the opening handshake, which begins with %.60q, does not end within %v", answer, o.HandshakeTimeout)
	case p.res.WasOpenHandshakeTimeout:
		return fmt.Errorf("the server does not answer the opening handshake within %v", o.HandshakeTimeout)
	case len(words) > 1 && strings.HasPrefix(words[0], "HTTP/") && words[1] == "101":
		return nil
	}
	return err
}

// A run is the cases against one server.
type run struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	o       *Options
	t       *target
	mu      sync.Mutex // for Done
	results []*report.Result
}

// all runs the cases of a kind, n at a time.
func (r *run) all(cases []*Case, n int, kind func(*Case) bool) {
	var wg sync.WaitGroup
	free := make(chan struct{}, n)
	for i, c := range cases {
		if !kind(c) || !c.Servers {
			continue
		}
		select {
		case free <- struct{}{}:
		case <-r.ctx.Done():
		}
		if r.ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			r.one(i, c)
		})
	}
	wg.Wait()
}

// again runs, a few at a time, each case that fell short in company.
func (r *run) again(cases []*Case) {
	var short []*Case
	index := map[*Case]int{}
	for i, c := range cases {
		if res := r.results[i]; res != nil && !fine(res) {
			short, index[c] = append(short, c), i
		}
	}
	if len(short) > maxAgain {
		return // this is not the machine's doing
	}
	var wg sync.WaitGroup
	free := make(chan struct{}, min(r.o.Parallel, few))
	for _, c := range short {
		if r.ctx.Err() != nil {
			break
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			r.one(index[c], c)
		})
	}
	wg.Wait()
}

// few is how many cases run at once when it matters that they are few.
const few = 2

// maxAgain is how many cases may fall short and still be run again.
const maxAgain = 60

// fine reports whether there is no point in another run: the peer did well, or does
// not have what the case is about.
func fine(r *report.Result) bool {
	return r.Behavior == report.Unimplemented && r.BehaviorClose.Passed() || r.Passed()
}

func (r *run) one(i int, c *Case) {
	res, err := serverCase(r.ctx, r.t, c, r.o)
	if err != nil {
		r.cancel(fmt.Errorf("case %s: %w", c.ID, err))
		return
	}
	if r.ctx.Err() != nil {
		return // cut off in the middle: no verdict
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = res
	if r.o.Done != nil {
		r.o.Done(res)
	}
}

// serverCase runs a case against a server. The error is that there is none.
func serverCase(ctx context.Context, t *target, c *Case, o *Options) (*report.Result, error) {
	if c.Script != nil {
		return scriptServer(ctx, t, c, o)
	}
	conn, err := t.dial(ctx, o.HandshakeTimeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p := newPeer(c, o, conn, false)
	if o.Agent != "" {
		p.res.Agent = o.Agent
	}
	rest, err := p.open(t)
	if err != nil {
		p.res.WasNotCleanReason = err.Error()
		p.res.DroppedByMe = true
		p.finish()
		if p.res.Behavior == report.Failed {
			p.res.Result = fmt.Sprintf("There was no connection: %v.", err)
		}
	} else {
		p.run(rest)
	}
	if p.res.Agent == "" {
		p.res.Agent = t.host
	}
	return p.res, nil
}
