package autobahn

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// findPython returns the path of a Python 2.7: the given one or, if given is empty, one on
// PATH or else the newest that pyenv has installed, whether it is selected or not.
func findPython(ctx context.Context, given string) (string, error) {
	if given != "" {
		return checkPython(ctx, given)
	}
	for _, name := range []string{"python2.7", "python2"} {
		if path, err := checkPython(ctx, name); err == nil {
			return path, nil
		}
	}
	if path, err := pyenvPython(ctx); err == nil {
		return path, nil
	}
	return "", errors.New("the Autobahn test suite needs Python 2.7, which is neither on PATH nor " +
		"installed by pyenv; run pyenv install 2.7.18, or name a Python with -python PATH, or use Docker")
}

// checkPython checks that the interpreter works and is a Python 2.7. It returns the path of
// the interpreter itself, since a shim of pyenv depends on the working directory.
func checkPython(ctx context.Context, name string) (string, error) {
	const ask = "import sys; print('%d.%d %s' % (sys.version_info[0], sys.version_info[1], sys.executable))"
	out, err := output(ctx, name, "-c", ask)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	version, path, _ := strings.Cut(out, " ")
	if version != "2.7" {
		return "", fmt.Errorf("%s is Python %s; the Autobahn test suite needs Python 2.7", name, version)
	}
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%s does not report its own path", name)
	}
	return path, nil
}

// pyenvPython returns the newest working Python 2.7 that pyenv has installed.
func pyenvPython(ctx context.Context) (string, error) {
	list, err := output(ctx, "pyenv", "versions", "--bare")
	if err != nil {
		return "", err
	}
	versions := strings.Fields(list)
	slices.SortFunc(versions, func(a, b string) int { return report.CompareIDs(b, a) })
	for _, v := range versions {
		if !strings.HasPrefix(v, "2.7.") {
			continue
		}
		prefix, err := output(ctx, "pyenv", "prefix", v)
		if err != nil {
			continue
		}
		if path, err := checkPython(ctx, filepath.Join(prefix, "bin", "python2.7")); err == nil {
			return path, nil
		}
	}
	return "", errors.New("pyenv has no working Python 2.7")
}

// askTimeout limits each of the short commands that only answer a question.
const askTimeout = 30 * time.Second

// output runs a short command and returns its trimmed standard output. The error includes
// the end of its standard error.
func output(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := command(ctx, name, args...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, lastLines(string(exit.Stderr), 3))
	}
	return strings.TrimSpace(string(out)), err
}

// lastLines returns the last n lines of text that are not blank.
func lastLines(text string, n int) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool {
		return strings.TrimSpace(l) == ""
	})
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
