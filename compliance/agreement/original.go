package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// original runs cases of the original suite on a peer. The reports go to the directory dir
// below -out.
func (c *config) original(
	ctx context.Context, p *peers.Peer, s side, cases []string, dir string,
) (*autobahn.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeLimit())
	defer cancel()
	o := autobahn.Options{
		Agent:  p.Agent(),
		Cases:  cases,
		Dir:    filepath.Join(c.out, dir, p.Name+"-"+string(s)),
		Wstest: c.wstest,
		Log:    io.Discard,
	}
	if s == server {
		srv, err := p.Serve(ctx, c.env)
		if err != nil {
			return nil, err
		}
		defer func() {
			cancel()
			<-srv.Done
		}()
		o.Server = srv.URL
		return autobahn.Run(ctx, o)
	}
	d := &delegate{ctx: ctx, peer: p, env: c.env}
	o.Client = d.dial
	rep, err := autobahn.Run(ctx, o)
	if d.err != nil {
		err = fmt.Errorf("%s as a client: %w", p.Name, d.err)
	}
	return rep, err
}

// A delegate is a client for package autobahn that leaves the cases to a peer. At the first
// case the peer runs all cases by itself. Hawser's client requests the number of cases
// before that, and the reports after it.
type delegate struct {
	ctx  context.Context
	peer *peers.Peer
	env  *peers.Env
	once sync.Once
	err  error
}

// errDelegated is the error of a dial for a case, which the peer runs.
var errDelegated = errors.New("the peer runs the case")

func (d *delegate) dial(ctx context.Context, target string, config *tls.Config) (testee.Conn, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(u.Path, "/runCase") {
		return testee.Hawser(ctx, target, config)
	}
	d.once.Do(func() { d.err = d.peer.Drive(d.ctx, d.env, "ws://"+u.Host, d.peer.Agent()) })
	return nil, errDelegated
}

// timeLimit returns the time limit of a run.
func (c *config) timeLimit() time.Duration {
	if c.full {
		return 2 * time.Hour
	}
	return 20 * time.Minute
}
