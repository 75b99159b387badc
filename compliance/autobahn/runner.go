package autobahn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Modes of wstest.
const (
	modeClient = "fuzzingclient" // tests a server
	modeServer = "fuzzingserver" // tests clients
)

// runner is a way to start wstest.
type runner interface {
	// String names it for the user.
	String() string
	// check sees that it works and that it can be kept on loopback, and returns
	// the suite's version.
	check(ctx context.Context) (version string, err error)
	// command prepares a run that ends with ctx.
	command(ctx context.Context, j job) *exec.Cmd
	// cleanUp ends what a run that was cut short may have left.
	cleanUp(j job)
	// place is where wstest sees the directories of a run.
	place(j job) (specDir, outDir string)
	// reach is how wstest reaches a server's URL.
	reach(url string) string
}

// job is one run of wstest.
type job struct {
	mode    string
	specDir string // absolute; holds specName and whatever the spec names
	outDir  string // absolute; for the reports
	port    int    // fuzzingserver: where to listen
}

// errNoLoopback is a wstest that does not take sitecustomize.py.
var errNoLoopback = errors.New("it cannot be kept on loopback (it drops PYTHONPATH on the way to Python) and would listen on every interface")

// local is a wstest on this machine.
type local struct {
	path string
}

func (l *local) String() string { return l.path }

// check has wstest print its version, which shows on the way whether Python ran
// sitecustomize.py.
func (l *local) check(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "wscheck-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := writeSitecustomize(dir); err != nil {
		return "", err
	}
	cmd := command(ctx, l.path, "--autobahnversion")
	cmd.Env = append(localEnv(dir), "WSCHECK_CONFIRM_LOOPBACK=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s does not work: %w: %s", l.path, err, lastLines(string(out), 5))
	}
	_, after, found := strings.Cut(string(out), "AutobahnTestSuite ")
	if !found {
		return "", fmt.Errorf("%s is no wstest: --autobahnversion printed %q", l.path, lastLines(string(out), 3))
	}
	if !strings.Contains(string(out), "wscheck: sockets stay on loopback") {
		return "", fmt.Errorf("%s: %w", l.path, errNoLoopback)
	}
	return strings.Fields(after + " ?")[0], nil
}

// command puts sitecustomize.py beside the spec, for Python to find. The web
// server that wstest would open beside its WebSocket port is off.
func (l *local) command(ctx context.Context, j job) *exec.Cmd {
	cmd := command(ctx, l.path, "-m", j.mode, "-u", "0", "-s", filepath.Join(j.specDir, specName))
	cmd.Dir = j.specDir
	cmd.Env = localEnv(j.specDir)
	return cmd
}

func (l *local) cleanUp(job) {}

func (l *local) place(j job) (specDir, outDir string) { return j.specDir, j.outDir }

func (l *local) reach(url string) string { return url }

// localEnv is the environment of a wstest on this machine, with dir before
// whatever else Python looks through.
func localEnv(dir string) []string {
	path := dir
	if had := os.Getenv("PYTHONPATH"); had != "" {
		path += string(os.PathListSeparator) + had
	}
	return append(os.Environ(), "PYTHONPATH="+path, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1")
}

// writeSitecustomize puts sitecustomize.py into dir.
func writeSitecustomize(dir string) error {
	return os.WriteFile(filepath.Join(dir, "sitecustomize.py"), []byte(sitecustomizePy), 0o644)
}

// findRunner chooses a way to start wstest and checks it: docker if asked for;
// the given path, a program or a directory that Install made; a wstest on PATH;
// docker. The version it returns is the suite's.
func findRunner(ctx context.Context, path string, forceDocker bool, image string) (runner, string, error) {
	if forceDocker {
		r := &docker{image: image}
		version, err := r.check(ctx)
		return r, version, err
	}
	if path != "" {
		r, err := localAt(path)
		if err != nil {
			return nil, "", err
		}
		version, err := r.check(ctx)
		return r, version, err
	}
	var reasons []string
	onPath, err := exec.LookPath("wstest")
	if err == nil {
		r := &local{path: onPath}
		version, err := r.check(ctx)
		if err == nil {
			return r, version, nil
		}
		reasons = append(reasons, err.Error())
	} else {
		reasons = append(reasons, "there is no wstest on PATH")
	}
	r := &docker{image: image}
	version, err := r.check(ctx)
	if err == nil {
		return r, version, nil
	}
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	return nil, "", &NoRunnerError{Reasons: append(reasons, err.Error()), Image: image}
}

// localAt takes the path of a program, or of a directory that Install made.
func localAt(path string) (*local, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		path = launcherIn(path)
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("no wstest is installed there: %w", err)
		}
	}
	return &local{path: path}, nil
}

// NoRunnerError says that there is no wstest to run, and how to get one.
type NoRunnerError struct {
	Reasons []string // one for each way that was tried
	Image   string   // the docker image that would have been used
}

func (e *NoRunnerError) Error() string {
	return fmt.Sprintf("there is no Autobahn testsuite to run: %s. Any one of these gives it: "+
		"start a docker engine, and the image %s is fetched by itself; "+
		"or run wscheck autobahn -install DIR, which installs wstest with Python 2.7 and pip below DIR, and add -wstest DIR afterwards; "+
		"or name a wstest with -wstest PATH.",
		strings.Join(e.Reasons, ", and "), e.Image)
}
