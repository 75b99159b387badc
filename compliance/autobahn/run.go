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

// Options are the choices for one run. Exactly one of Server and Client is set.
type Options struct {
	// Server is the ws or wss URL of a server to test.
	Server string
	// Insecure accepts a certificate of the server that does not verify, which
	// is always so on loopback. wstest itself never verifies one; this is for
	// the look at the server before it.
	Insecure bool

	// Client tests a client: it is asked to connect to the suite's server once
	// for each case. [testee.Hawser] is this project's.
	Client testee.Dialer
	// TLS makes the suite's server one over TLS, with a certificate for
	// 127.0.0.1 made for the run. Only with Client.
	TLS bool

	// Agent names the tested side in the reports. Empty means the server's host
	// and port, or "client". Printable ASCII.
	Agent string
	// Cases and Exclude are patterns for ExpandCases; both empty mean every case.
	Cases, Exclude []string
	// Dir receives the reports, and wstest.log with what wstest printed. It is
	// created if need be; reports on the same agent are replaced. Required.
	Dir string

	// Wstest is the path of a wstest or of a directory for which Install was
	// called. Empty means one on PATH, or else docker.
	Wstest string
	// Docker forces docker.
	Docker bool
	// Image is the docker image. Empty means DefaultImage.
	Image string

	// Log receives a line or two on what is being done; nil for none.
	Log io.Writer
}

// Run has wstest test a server or a client and reads its verdicts. It ends early
// when ctx does, and never leaves a wstest running.
//
// The error says why the cases could not be run: no wstest to be had
// (*NoRunnerError), no WebSocket server at the URL, a wstest that died, or one
// that ran no case at all. Cases that fell short are no error, nor are some that
// were not run because the tested side died on the way: the report has both.
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

// run is one call of Run after its options were checked.
type run struct {
	Options
	runner runner
	cases  []string
	job    job
	child  *child // once wstest was started
}

// prepare checks the options, fills in their defaults and finds a wstest.
func prepare(ctx context.Context, o *Options) (*run, error) {
	if (o.Server != "") == (o.Client != nil) {
		return nil, errors.New("autobahn: set one of Options.Server and Options.Client")
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
	fmt.Fprintf(o.Log, "Autobahn testsuite %s (%s), %d cases\n", version, rn, len(cases))
	if version != Version {
		fmt.Fprintf(o.Log, "note: %s was expected; another may have other cases and verdicts\n", Version)
	}
	if err := prepareDir(o); err != nil {
		return nil, err
	}
	return &run{Options: *o, runner: rn, cases: cases, job: job{outDir: o.Dir}}, nil
}

// parseServer accepts what wstest can connect to.
func parseServer(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is no ws:// or wss:// URL of a server", raw)
	}
	return u, nil
}

// checkAgent accepts a name that comes back from wstest as it went in.
func checkAgent(agent string) error {
	for _, c := range agent {
		if c < ' ' || c > '~' {
			return fmt.Errorf("agent %q: only printable ASCII is allowed", agent)
		}
	}
	if strings.TrimSpace(agent) != agent {
		return fmt.Errorf("agent %q begins or ends with a space", agent)
	}
	return nil
}

// prepareDir makes the report directory, and removes from it what could pass for
// this run's reports. wstest hangs when it cannot write a report, so this also
// sees to it that it can.
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

// indexName is the file with the suite's verdicts.
const indexName = "index.json"

// reportPrefix is how wstest begins the names of an agent's detail reports.
func reportPrefix(agent string) string {
	clean := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return ' '
	}, strings.ToLower(agent))
	return strings.ReplaceAll(strings.TrimSpace(clean), " ", "_")
}

// globEscape makes a pattern that matches the path itself.
func globEscape(path string) string {
	if os.PathSeparator == '\\' {
		return path // Glob knows no escape there
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// launch writes the spec and starts wstest. The child ends with ctx.
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

// testServer runs wstest as a client to the server.
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

// readReport reads the verdicts. A run without any is a failure.
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
