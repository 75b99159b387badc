package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/deflate"
)

// Run performs the soak and returns its report, even if the server broke a promise. An error means
// that there was no complete soak: the server did not start, for example, or ctx ended.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.maxDuration(),
		errors.New("the soak did not end in time"))
	defer cancel()
	p, err := start(ctx, cfg.Command(), cfg.Server, cfg.AnswerTimeout)
	if err != nil {
		return nil, err
	}
	r := &Report{config: cfg}
	go r.stalls.run(ctx)
	err = r.soak(ctx, p)
	r.exit = p.stop()
	r.log = p.log.faults()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		r.unresponsive = err // a server that has died or hangs is a finding
	}
	return r, nil
}

// soak runs the warm-up and the soak, with measurements before, between and after them.
func (r *Report) soak(ctx context.Context, p *process) (err error) {
	cfg := &r.config
	r.warm, r.main = newTally(0), newTally(cfg.MinMessages)
	if r.cold, err = p.snapshot(requestMeasure); err != nil {
		return err
	}
	r.phase(ctx, p, r.warm)
	if r.before, err = p.settle(r.cold, cfg.SettleTimeout, r.warm); err != nil {
		return err
	}
	began := time.Now()
	r.phase(ctx, p, r.main)
	r.took = time.Since(began)
	r.after, err = p.settle(r.cold, cfg.SettleTimeout, r.main)
	return err
}

// phase runs all clients for the duration of the warm-up or the soak and waits until they end.
func (r *Report) phase(ctx context.Context, p *process, t *tally) {
	cfg := &r.config
	name, d, stream := "soak", cfg.Duration, uint64(1)
	if t == r.warm {
		name, d, stream = "warm-up", cfg.Warmup, 0
	}
	until, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(d, func() {
		t.await(cfg.Margin)
		cancel()
	}).Stop()
	c := &clientEnv{
		cfg: cfg, name: name, server: p, deflate: deflate.MustNew(nil), tally: t,
		all: ctx, phase: until, until: time.Now().Add(d),
	}
	var clients sync.WaitGroup
	abusive := cfg.abusers()
	for id := range cfg.Conns {
		rng := rand.New(rand.NewPCG(cfg.Seed, uint64(id)<<1|stream))
		clients.Go(func() {
			// Spread the start of 2,000 clients over two seconds.
			c.wait(time.Duration(id) * time.Millisecond)
			if id < cfg.Conns-abusive {
				(&good{clientEnv: c, id: id, rng: rng}).run()
			} else {
				(&abuser{clientEnv: c, id: id, rng: rng}).run()
			}
		})
	}
	done := make(chan struct{})
	var printer sync.WaitGroup
	printer.Go(func() { progress(cfg, p, t, name, done) })
	clients.Wait()
	close(done)
	printer.Wait()
}

// progress prints a line every cfg.Every until done is closed.
func progress(cfg *Config, p *process, t *tally, name string, done <-chan struct{}) {
	if cfg.Progress == nil || cfg.Every <= 0 {
		return
	}
	began := time.Now()
	tick := time.NewTicker(cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		s, err := p.snapshot(requestCount)
		if err != nil {
			fmt.Fprintf(cfg.Progress, "%s: the server stopped answering: %v\n", name, err)
			return
		}
		printProgress(cfg.Progress, name, time.Since(began), s, t)
	}
}

func printProgress(w io.Writer, name string, at time.Duration, s snapshot, t *tally) {
	fmt.Fprintf(w, "%-7s %6v  connections %5d  messages %9d  from topics %8d  %10s  "+
		"reconnects %6d  abuses %6d  server %s  faults %d\n",
		name, at.Round(time.Second), s.Open, t.received.Load(), t.topic.Load(),
		size(t.bytesOut.Load()+t.bytesIn.Load()), t.reconnects.Load(), t.allAbuses(),
		size(s.RSS), t.allFaults())
}
