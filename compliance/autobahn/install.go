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

// Install installs wstest into dir with pip and returns the path of its launcher,
// dir/bin/wstest. It takes half a minute or less, and reports its progress to log. An
// installation in dir that works and has the same pinned versions stays as it is.
//
// Install needs Python 2.7 with pip. An empty python means one on PATH or, failing that,
// one installed by pyenv. Every version is pinned, including that of pip. All files are
// below dir, so the user's Python does not change. The user's pip settings decide where
// the packages come from.
//
// The installed wstest always listens on loopback only. On Windows, Install returns an
// error.
func Install(ctx context.Context, dir, python string, log io.Writer) (string, error) {
	if runtime.GOOS == "windows" {
		return "", errors.New("wstest cannot be installed on Windows; use Docker")
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
		fmt.Fprintf(log, "%s is already installed\n", in.launcher())
		return in.launcher(), nil
	}
	if err := in.install(ctx); err != nil {
		return "", fmt.Errorf("installing wstest in %s: %w", dir, err)
	}
	fmt.Fprintf(log, "installed %s\n", in.launcher())
	return in.launcher(), nil
}

// An installation is a directory with the launcher, bin/wstest, and with lib/wstest, which
// has the packages, the two Python files, and a stamp that names everything it was made of.
type installation struct {
	dir    string // absolute
	python string // absolute
	log    io.Writer
}

func (in *installation) launcher() string { return launcherIn(in.dir) }
func (in *installation) lib() string      { return filepath.Join(in.dir, "lib", "wstest") }

func launcherIn(dir string) string { return filepath.Join(dir, "bin", "wstest") }

// stamp returns everything that an installation depends on.
func (in *installation) stamp() string {
	return strings.Join([]string{in.lib(), in.python, toolsTxt, requirementsTxt, acceleratorTxt,
		runPy, sitecustomizePy, wstestSh}, "\n")
}

// current reports whether dir has a working installation like the one that install makes.
func (in *installation) current(ctx context.Context) bool {
	stamp, err := os.ReadFile(filepath.Join(in.lib(), "stamp"))
	if err != nil || string(stamp) != in.stamp() {
		return false
	}
	_, err = (&local{path: in.launcher()}).check(ctx)
	return err == nil
}

// install fills a new directory and moves it into place at the end, so that a failure of
// pip leaves the old installation as it was.
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
	fmt.Fprintf(in.log, "installing the Autobahn test suite %s with %s\n", Version, in.python)
	if err := in.pip(ctx, "", toolsTxt, tools); err != nil {
		return err
	}
	if err := in.pip(ctx, tools, requirementsTxt, packages); err != nil {
		return err
	}
	// The packages of this namespace rely on a .pth file, which Python reads only in its
	// site directories.
	if err := os.WriteFile(filepath.Join(packages, "zope", "__init__.py"), nil, 0o644); err != nil {
		return err
	}
	if err := in.pip(ctx, tools, acceleratorTxt, packages); err != nil {
		if ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(in.log, "continuing without the accelerator, so the suite is slower: %v\n", err)
	}
	return nil
}

// pip installs the pinned packages into target, without their dependencies. The pinned pip
// is in pythonPath. An empty pythonPath means the interpreter's own pip.
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
	cmd := command(ctx, in.python, "-m", "pip", "install", "--no-deps", "--target", target,
		"-r", list.Name())
	// The user's settings must not change where the packages go.
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

// launcherText returns the shell script that starts wstest.
func launcherText(python, lib string) string {
	return strings.NewReplacer("@PYTHON@", shellQuote(python), "@LIB@", shellQuote(lib)).Replace(wstestSh)
}

// shellQuote quotes s as one word of a shell script.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
