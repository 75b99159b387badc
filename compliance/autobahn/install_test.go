package autobahn

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakePython prints its version, installs the list of packages that pip is given, and runs
// run.py as a wstest.
func fakePython(args []string, how string) int {
	switch {
	case args[0] == "-c":
		version := "2.7"
		if how == "3" {
			version = "3.13"
		}
		self, err := exec.LookPath(os.Args[0])
		if err != nil {
			return 1
		}
		fmt.Println(version, self)
		return 0
	case args[0] == "-s" && slices.Equal(args[len(args)-1:], []string{"--autobahnversion"}):
		return fakeVersion("")
	case args[0] != "-m" || args[1] != "pip":
		fmt.Println("unknown arguments:", args)
		return 1
	}
	pins, err := os.ReadFile(args[slices.Index(args, "-r")+1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if how == "fails" && strings.Contains(string(pins), "Twisted==") ||
		how == "no compiler" && strings.Contains(string(pins), "wsaccel==") {
		fmt.Println("error: no " + how)
		return 1
	}
	target := args[slices.Index(args, "--target")+1]
	if err := os.MkdirAll(filepath.Join(target, "zope"), 0o755); err != nil {
		fmt.Println(err)
		return 1
	}
	f, err := os.OpenFile(filepath.Join(target, "pins"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(pins)
		f.Close()
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func TestInstall(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Install is not for Windows")
	}
	python := filepath.Join(installFakes(t, "python2.7"), "python2.7")
	dir := filepath.Join(t.TempDir(), "it's here")
	pins := filepath.Join(dir, "lib", "wstest", "packages", "pins")

	t.Setenv("FAKE_PYTHON", "fails")
	_, err := Install(t.Context(), dir, python, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "error: no fails") {
		t.Fatalf("pip failed, and Install returned %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "lib")); err != nil || len(left) > 0 {
		t.Errorf("a failed Install left %v, error %v", left, err)
	}

	var log strings.Builder
	t.Setenv("FAKE_PYTHON", "no compiler")
	path, err := Install(t.Context(), dir, python, &log)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "bin", "wstest"); path != want {
		t.Errorf("installed %s, want %s", path, want)
	}
	if !strings.Contains(log.String(), "without the accelerator") {
		t.Errorf("log %q", log.String())
	}
	if diff := cmp.Diff(requirementsTxt, readFile(t, pins)); diff != "" {
		t.Errorf("installed packages (-want +got):\n%s", diff)
	}
	if r, err := localAt(dir); err != nil {
		t.Error(err)
	} else if version, err := r.check(t.Context()); err != nil || version != Version {
		t.Errorf("version %s, error %v", version, err)
	}

	// An installation stays, unless its stamp differs.
	t.Setenv("FAKE_PYTHON", "fails")
	log.Reset()
	again, err := Install(t.Context(), dir, python, &log)
	if err != nil || again != path || !strings.Contains(log.String(), "already installed") {
		t.Errorf("second Install: %s, error %v, log %q", again, err, log.String())
	}
	if err := os.WriteFile(filepath.Join(dir, "lib", "wstest", "stamp"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_PYTHON", "")
	if _, err := Install(t.Context(), dir, python, io.Discard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(requirementsTxt+acceleratorTxt, readFile(t, pins)); diff != "" {
		t.Errorf("packages installed again (-want +got):\n%s", diff)
	}
}

func TestFindPython(t *testing.T) {
	dir := installFakes(t, "python2.7")
	t.Setenv("PATH", dir)
	if path, err := findPython(t.Context(), ""); err != nil || filepath.Dir(path) != dir {
		t.Errorf("on PATH: %s, error %v", path, err)
	}
	t.Setenv("FAKE_PYTHON", "3")
	if _, err := findPython(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "pyenv install") {
		t.Errorf("no Python 2.7: %v", err)
	}
	_, err := findPython(t.Context(), filepath.Join(dir, "python2.7"))
	if err == nil || !strings.Contains(err.Error(), "is Python 3.13") {
		t.Errorf("named Python of another version: %v", err)
	}
}

// Every package of the lists is pinned to a version, once.
func TestPins(t *testing.T) {
	pin := regexp.MustCompile(`^[A-Za-z0-9.]+==[0-9]+(\.[0-9]+)+$`)
	seen := make(map[string]bool)
	for line := range strings.Lines(requirementsTxt + acceleratorTxt) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, _, _ := strings.Cut(strings.ToLower(line), "==")
		if !pin.MatchString(line) || seen[name] {
			t.Errorf("%q is not a version, or names a package again", line)
		}
		seen[name] = true
	}
	if !strings.Contains(requirementsTxt, "\nautobahntestsuite=="+Version+"\n") {
		t.Errorf("the suite is not pinned to %s", Version)
	}
}
