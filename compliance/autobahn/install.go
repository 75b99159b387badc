package autobahn

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

var (
	//go:embed files/tools.txt
	toolsTxt string
	//go:embed files/requirements.txt
	requirementsTxt string
	//go:embed files/accelerator.txt
	acceleratorTxt string
	//go:embed files/run.py
	runPy string
	//go:embed files/sitecustomize.py
	sitecustomizePy string
	//go:embed files/wstest.sh
	wstestSh string
)

// Install puts a wstest into dir with pip and returns the path of its launcher,
// dir/bin/wstest. It needs Python 2.7 with pip: the one named by python, or if
// that is empty one on PATH or of pyenv. Every version is pinned, pip's own
// included, and all of it lands below dir: the user's Python stays as it is. pip
// takes its packages from wherever it is set up to. An installation that is
// there already, with the same pins and in working order, is left alone. Progress
// goes to log. It takes half a minute or less.
//
// The wstest so installed always listens on loopback only.
func Install(ctx context.Context, dir, python string, log io.Writer) (string, error) {
	if runtime.GOOS == "windows" {
		return "", errors.New("installing wstest is not supported on Windows; use docker there")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	python, err = findPython(ctx, python)
	if err != nil {
		return "", err
	}
	in := &installation{dir: dir, python: python, log: log}
	if in.current(ctx) {
		fmt.Fprintf(log, "%s is already there\n", in.launcher())
		return in.launcher(), nil
	}
	if err := in.install(ctx); err != nil {
		return "", fmt.Errorf("installing wstest in %s: %w", dir, err)
	}
	fmt.Fprintf(log, "installed %s\n", in.launcher())
	return in.launcher(), nil
}

// installation is a directory with bin/wstest, the launcher, and lib/wstest:
// packages, the two Python files, and a stamp that tells what it was made from.
type installation struct {
	dir    string // absolute
	python string // absolute
	log    io.Writer
}

func (in *installation) launcher() string { return launcherIn(in.dir) }
func (in *installation) lib() string      { return filepath.Join(in.dir, "lib", "wstest") }

func launcherIn(dir string) string { return filepath.Join(dir, "bin", "wstest") }

// stamp is everything that an installation depends on.
func (in *installation) stamp() string {
	return strings.Join([]string{in.lib(), in.python, toolsTxt, requirementsTxt, acceleratorTxt,
		runPy, sitecustomizePy, wstestSh}, "\n")
}

// current reports whether what is there is what install would make.
func (in *installation) current(ctx context.Context) bool {
	stamp, err := os.ReadFile(filepath.Join(in.lib(), "stamp"))
	if err != nil || string(stamp) != in.stamp() {
		return false
	}
	_, err = (&local{path: in.launcher()}).check(ctx)
	return err == nil
}

// install makes everything in a new directory and moves it into place when pip
// is done, so that a failure leaves the old installation as it was.
func (in *installation) install(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(in.lib()), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(in.lib()), "wstest.new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	if err := in.fetch(ctx, fresh); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"run.py": runPy, "sitecustomize.py": sitecustomizePy, "stamp": in.stamp(),
	} {
		if err := os.WriteFile(filepath.Join(fresh, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(in.lib()); err != nil {
		return err
	}
	if err := os.Rename(fresh, in.lib()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(in.launcher()), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(in.launcher(), []byte(launcherText(in.python, in.lib())), 0o755); err != nil {
		return err
	}
	_, err = (&local{path: in.launcher()}).check(ctx)
	return err
}

// fetch fills lib/packages.
func (in *installation) fetch(ctx context.Context, lib string) error {
	tools, err := os.MkdirTemp("", "wscheck-tools-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tools)
	packages := filepath.Join(lib, "packages")
	fmt.Fprintf(in.log, "installing the Autobahn testsuite %s with %s\n", Version, in.python)
	if err := in.pip(ctx, "", toolsTxt, tools); err != nil {
		return err
	}
	if err := in.pip(ctx, tools, requirementsTxt, packages); err != nil {
		return err
	}
	// The packages of this namespace rely on a .pth file, which Python reads
	// only in directories that it knows as site directories.
	if err := os.WriteFile(filepath.Join(packages, "zope", "__init__.py"), nil, 0o644); err != nil {
		return err
	}
	if err := in.pip(ctx, tools, acceleratorTxt, packages); err != nil {
		if ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(in.log, "going on without the accelerator, the suite will be slower: %v\n", err)
	}
	return nil
}

// pip installs the pinned packages and nothing else into target. pythonPath is
// where the pinned pip is; if empty the interpreter's own is used.
func (in *installation) pip(ctx context.Context, pythonPath, pins, target string) error {
	list, err := os.CreateTemp("", "wscheck-pins-*.txt")
	if err != nil {
		return err
	}
	defer os.Remove(list.Name())
	_, err = list.WriteString(pins)
	if err = errors.Join(err, list.Close()); err != nil {
		return err
	}
	cmd := command(ctx, in.python, "-m", "pip", "install", "--no-deps", "--target", target, "-r", list.Name())
	// What the user's settings must not change: where the packages go.
	cmd.Env = append(os.Environ(), "PYTHONPATH="+pythonPath, "PIP_USER=0", "PIP_REQUIRE_VIRTUALENV=0",
		"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_PYTHON_VERSION_WARNING=1")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, lastLines(string(out), 15))
	}
	return nil
}

// launcherText is the shell script that starts wstest.
func launcherText(python, lib string) string {
	return strings.NewReplacer("@PYTHON@", shellQuote(python), "@LIB@", shellQuote(lib)).Replace(wstestSh)
}

// shellQuote makes one word of s for sh.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
