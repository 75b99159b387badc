package suite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

// TestServer runs cases against the server at a URL: ws://, wss:// or ws+unix:///path/of.sock:/path. It
// skips cases for clients and returns the results in the order of the cases. If it cannot connect, if
// the server stops answering or if ctx ends, it returns an error together with the results so far. opts
// may be nil.
func TestServer(ctx context.Context, url string, cases []*Case, opts *Options) ([]*report.Result, error) {
	o := opts.withDefaults()
	t, err := parseTarget(url, o.TLS)
	if err != nil {
		return nil, err
	}
	cases = slices.DeleteFunc(slices.Clone(cases), func(c *Case) bool { return !c.Servers })
	return newRun(cases, o, t).do(ctx)
}

// Probe checks that there is a WebSocket server at a URL: it opens a connection and drops it. If there
// is no such server, Probe returns an error that says what is there instead. A server that answers 101
// counts as a WebSocket server, even if the answer is otherwise invalid, which the cases report. opts may
// be nil.
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
	p := newDriver(&Case{}, o, conn, false)
	_, err = p.open(t)
	p.finish()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := p.res.HTTPResponse
	switch words := strings.Fields(answer); {
	case p.res.WasOpenHandshakeTimeout && answer != "":
		return fmt.Errorf("the server's answer to the opening handshake begins with %.60q and does not "+
			"end within %v", answer, o.HandshakeTimeout)
	case p.res.WasOpenHandshakeTimeout:
		return fmt.Errorf("the server does not answer the opening handshake within %v", o.HandshakeTimeout)
	case len(words) > 1 && strings.HasPrefix(words[0], "HTTP/") && words[1] == "101":
		return nil
	}
	return err
}

// serverCase runs a case against a server. It returns an error if it cannot connect.
func serverCase(ctx context.Context, t *target, c *Case, o *Options) (*report.Result, error) {
	if c.script != nil {
		return scriptServer(ctx, t, c, o)
	}
	conn, err := t.dial(ctx, o.HandshakeTimeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	p := newDriver(c, o, conn, false)
	if o.Agent != "" {
		p.res.Agent = o.Agent
	}
	rest, err := p.open(t)
	if err != nil {
		p.res.WasNotCleanReason = err.Error()
		p.res.DroppedByMe = true
		p.finish()
		if p.res.Behavior == report.Failed {
			p.res.Result = fmt.Sprintf("The connection was not opened: %v.", err)
		}
	} else {
		p.run(rest)
	}
	if p.res.Agent == "" {
		p.res.Agent = t.host
	}
	return p.res, nil
}
