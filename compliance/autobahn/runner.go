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

// The modes of wstest.
const (
	modeClient = "fuzzingclient" // tests a server
	modeServer = "fuzzingserver" // tests clients
)

// A runner starts wstest in one way.
type runner interface {
	// String returns the name of the runner for the user.
	String() string
	// check checks that wstest works and can be made to listen on loopback only, and
	// returns the version of the suite.
	check(ctx context.Context) (version string, err error)
	// command returns the command of a run, which ends with ctx.
	command(ctx context.Context, j job) *exec.Cmd
	// cleanUp ends the processes that an interrupted run may have left.
	cleanUp(j job)
	// place returns the directories of a run as wstest sees them.
	place(j job) (specDir, outDir string)
	// reach returns the URL at which wstest reaches a server.
	reach(url string) string
}

// job is one run of wstest.
type job struct {
	mode    string
	specDir string // absolute; has specName and the files that the spec names
	outDir  string // absolute; for the reports
	port    int    // of a fuzzingserver
}

// errNoLoopback is the error of a wstest that does not run sitecustomize.py.
var errNoLoopback = errors.New("it does not pass PYTHONPATH to Python, so it cannot be kept on loopback " +
	"and would listen on every interface")

// local runs a wstest on this machine.
type local struct {
	path string
}

func (l *local) String() string { return l.path }

// check makes wstest print its version. The output also shows whether Python has run
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
		return "", fmt.Errorf("%s is not a wstest: --autobahnversion printed %q",
			l.path, lastLines(string(out), 3))
	}
	if !strings.Contains(string(out), "wscheck: sockets stay on loopback") {
		return "", fmt.Errorf("%s: %w", l.path, errNoLoopback)
	}
	return strings.Fields(after + " ?")[0], nil
}

// command makes Python find sitecustomize.py, which is in the directory of the spec. It
// turns off wstest's web server.
func (l *local) command(ctx context.Context, j job) *exec.Cmd {
	cmd := command(ctx, l.path, "-m", j.mode, "-u", "0", "-s", filepath.Join(j.specDir, specName))
	cmd.Dir = j.specDir
	cmd.Env = localEnv(j.specDir)
	return cmd
}

func (l *local) cleanUp(job) {}

func (l *local) place(j job) (specDir, outDir string) { return j.specDir, j.outDir }

func (l *local) reach(url string) string { return url }

// localEnv returns the environment of a wstest on this machine. Python looks for modules in
// dir first.
func localEnv(dir string) []string {
	path := dir
	if had := os.Getenv("PYTHONPATH"); had != "" {
		path += string(os.PathListSeparator) + had
	}
	return append(os.Environ(), "PYTHONPATH="+path, "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1")
}

// writeSitecustomize writes sitecustomize.py to dir.
func writeSitecustomize(dir string) error {
	return os.WriteFile(filepath.Join(dir, "sitecustomize.py"), []byte(sitecustomizePy), 0o644)
}

// findRunner returns a runner that works, and the version of its suite. It returns the first
// of these: Docker if forceDocker is set, the program or the installation at path if path
// is not empty, a wstest on PATH that works, and Docker.
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
		reasons = append(reasons, "wstest is not on PATH")
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

// localAt returns the runner of a program, or of a directory that was passed to Install.
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
			return nil, fmt.Errorf("no wstest is installed in the directory: %w", err)
		}
	}
	return &local{path: path}, nil
}

// A NoRunnerError means that there is no wstest to run. It says how to get one.
type NoRunnerError struct {
	Reasons []string // why each runner does not work
	Image   string   // the Docker image that the run would have used
}

func (e *NoRunnerError) Error() string {
	return fmt.Sprintf("there is no Autobahn test suite to run: %s. To get one, do one of these: "+
		"start Docker, which fetches the image %s; "+
		"run wscheck autobahn -install DIR, which needs Python 2.7 with pip, and then use -wstest DIR; "+
		"or name a wstest with -wstest PATH.",
		strings.Join(e.Reasons, ", and "), e.Image)
}
