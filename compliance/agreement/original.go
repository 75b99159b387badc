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

// original runs cases of the original suite on a peer. The reports go to a
// directory of this name below that for all.
func (c *config) original(ctx context.Context, p *peers.Peer, s side, cases []string, dir string) (*autobahn.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, c.bound())
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

// delegate hands the cases of package autobahn's own client over to a peer, which
// goes through all of them by itself. hawser's client asks for their number
// before and for the reports after that.
type delegate struct {
	ctx  context.Context
	peer *peers.Peer
	env  *peers.Env
	once sync.Once
	err  error
}

// errDelegated is the answer for each case: the peer runs it.
var errDelegated = errors.New("the peer runs the cases")

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

// bound is the longest that a run may take.
func (c *config) bound() time.Duration {
	if c.full {
		return 2 * time.Hour
	}
	return 20 * time.Minute
}
