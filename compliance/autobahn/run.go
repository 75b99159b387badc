package autobahn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// Options are the settings of one run. Exactly one of Server and Client must be set.
type Options struct {
	// Server is the ws or wss URL of the server to test.
	Server string
	// Insecure makes Run accept any certificate when it checks that there is a server. On
	// loopback, every certificate is accepted. wstest itself never verifies a certificate.
	Insecure bool

	// Client is the client to test. It connects to the suite's server once for each case.
	// [testee.Hawser] is the client of this project.
	Client testee.Dialer
	// TLS makes the suite's server use TLS, with a new certificate for 127.0.0.1. It has no
	// effect on a run with Server.
	TLS bool

	// Agent names the peer under test in the reports, in printable ASCII. Empty means the host
	// and port of the server, or "client".
	Agent string
	// Cases and Exclude are the patterns for ExpandCases. If both are empty all cases run.
	Cases, Exclude []string
	// Dir is the directory for the reports and for wstest.log, the output of wstest. It is
	// required. Run creates it if necessary, and replaces earlier reports on the agent.
	Dir string

	// Wstest is the path of wstest, or of a directory that was passed to Install. Empty
	// means the wstest on PATH or, failing that, Docker.
	Wstest string
	// Docker runs wstest in Docker even if there is another wstest.
	Docker bool
	// Image is the docker image. Empty means DefaultImage.
	Image string

	// Log receives a line or two about the progress. Nil discards them.
	Log io.Writer
}

// Run runs wstest against a server or a client and returns the verdicts. It returns early
// if ctx ends, and never leaves a wstest running.
//
// Run returns an error if the suite could not run: a [*NoRunnerError] if there is no wstest,
// and other errors if there is no WebSocket server at the URL, or if wstest died or ran no
// case. The report lists cases that fell short, and cases that did not run because the peer
// under test died. Neither is an error.
func Run(ctx context.Context, o Options) (*Report, error) {
	r, err := prepare(ctx, &o)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	specDir, err := os.MkdirTemp("", "wscheck-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(specDir)
	r.job.specDir = specDir
	if err := writeSitecustomize(specDir); err != nil {
		return nil, err
	}
	if o.Server != "" {
		err = r.testServer(ctx)
	} else {
		err = r.testClient(ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	rep, err := r.readReport()
	if err != nil {
		return nil, err
	}
	rep.Took = time.Since(began)
	return rep, nil
}

// A run is one call of Run with valid options.
type run struct {
	Options
	runner runner
	cases  []string
	job    job
	child  *child // nil until wstest has started
}

// prepare validates the options, fills in their defaults and finds a wstest.
func prepare(ctx context.Context, o *Options) (*run, error) {
	if (o.Server != "") == (o.Client != nil) {
		return nil, errors.New("autobahn: set exactly one of Options.Server and Options.Client")
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Image == "" {
		o.Image = DefaultImage
	}
	cases, err := ExpandCases(o.Cases, o.Exclude)
	if err != nil {
		return nil, err
	}
	if o.Server != "" {
		u, err := parseServer(o.Server)
		if err != nil {
			return nil, err
		}
		if o.Agent == "" {
			o.Agent = u.Host
		}
	} else if o.Agent == "" {
		o.Agent = "client"
	}
	if err := checkAgent(o.Agent); err != nil {
		return nil, err
	}
	if o.Server != "" {
		if err := probe(ctx, o.Server, o.Insecure); err != nil {
			return nil, err
		}
	}
	rn, version, err := findRunner(ctx, o.Wstest, o.Docker, o.Image)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(o.Log, "Autobahn test suite %s (%s), %d cases\n", version, rn, len(cases))
	if version != Version {
		fmt.Fprintf(o.Log, "note: versions other than %s may have other cases and verdicts\n", Version)
	}
	if err := prepareDir(o); err != nil {
		return nil, err
	}
	return &run{Options: *o, runner: rn, cases: cases, job: job{outDir: o.Dir}}, nil
}

// parseServer parses a URL to which wstest can connect.
func parseServer(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not a ws:// or wss:// URL of a server", raw)
	}
	return u, nil
}

// checkAgent returns an error for a name that wstest would change.
func checkAgent(agent string) error {
	for _, c := range agent {
		if c < ' ' || c > '~' {
			return fmt.Errorf("agent %q must be printable ASCII", agent)
		}
	}
	if strings.TrimSpace(agent) != agent {
		return fmt.Errorf("agent %q must not begin or end with a space", agent)
	}
	return nil
}

// prepareDir creates the report directory and removes earlier reports on the agent. It
// writes index.json, since a wstest that cannot write its reports hangs.
func prepareDir(o *Options) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	o.Dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old := []string{filepath.Join(dir, indexName), filepath.Join(dir, "index.html")}
	for _, ext := range []string{"json", "html"} {
		details, err := filepath.Glob(filepath.Join(globEscape(dir), reportPrefix(o.Agent)+"_case_*."+ext))
		if err != nil {
			return err
		}
		old = append(old, details...)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, indexName), []byte("{}\n"), 0o644)
}

// indexName is the name of the file with the suite's verdicts.
const indexName = "index.json"

// reportPrefix returns how the names of wstest's reports on the cases of an agent begin.
func reportPrefix(agent string) string {
	clean := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return ' '
	}, strings.ToLower(agent))
	return strings.ReplaceAll(strings.TrimSpace(clean), " ", "_")
}

// globEscape returns a pattern that matches only the path itself.
func globEscape(path string) string {
	if os.PathSeparator == '\\' {
		return path // Glob has no escapes on Windows
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// launch writes the spec and starts wstest, which ends with ctx.
func (r *run) launch(ctx context.Context, s *spec) error {
	s.Cases = r.cases
	if err := s.write(r.job.specDir); err != nil {
		return err
	}
	child, err := start(r.runner.command(ctx, r.job), filepath.Join(r.Dir, "wstest.log"))
	if err != nil {
		return fmt.Errorf("starting wstest: %w", err)
	}
	r.child = child
	return nil
}

// testServer runs wstest as a client of the server.
func (r *run) testServer(ctx context.Context) error {
	r.job.mode = modeClient
	_, outDir := r.runner.place(r.job)
	err := r.launch(ctx, &spec{
		OutDir:  outDir,
		Servers: []specServer{{Agent: r.Agent, URL: r.runner.reach(r.Server)}},
	})
	if err != nil {
		return err
	}
	if err := r.child.wait(); err != nil {
		r.runner.cleanUp(r.job)
		return r.child.failure("died")
	}
	return nil
}

// readReport reads the verdicts. It returns an error if there are none.
func (r *run) readReport() (*Report, error) {
	index, err := report.ReadIndex(filepath.Join(r.Dir, indexName))
	if err != nil {
		return nil, err
	}
	rep := newReport(index, r.Agent, r.Dir, r.cases)
	if len(rep.Results) == 0 {
		return nil, r.child.failure("ran no case")
	}
	return rep, nil
}
