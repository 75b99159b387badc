package main

import (
	"archive/zip"
	"bytes"
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

func TestParse(t *testing.T) {
	text := "go test fuzz v1\n[]byte(\"a\\x00\\\"\")\nuint16(513)\nbyte('\\x07')\nint64(-1)\n" +
		"string(\"\u00e9\")\nbool(true)\nuint64(18446744073709551615)\n"
	want := []any{[]byte("a\x00\""), uint16(513), uint8(7), ^uint64(0), "\u00e9", true, ^uint64(0)}
	got, err := parse(text)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, arguments (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{
		"", "go test fuzz v2\nint(1)", "go test fuzz v1\nint", "go test fuzz v1\nint(x)",
		"go test fuzz v1\n[]byte(\"\xff",
	} {
		if got, err := parse(bad); err == nil {
			t.Errorf("parse(%q) = %v, want an error", bad, got)
		}
	}
}

func TestEncode(t *testing.T) {
	for _, tt := range []struct {
		args []any
		want string
	}{
		{[]any{[]byte("abc"), uint16(0x0102), uint64(3)}, "\x01\x02\x00\x00\x00\x00\x00\x00\x00\x03\xffabc"},
		{[]any{"ab", true, []byte("abcd"), uint8(9)}, "\x01\x09\x80\xffababcd"},
		{[]any{[]byte{}}, "\x00"},
	} {
		if got := string(encode(tt.args)); got != tt.want {
			t.Errorf("encode(%v) = %q, want %q", tt.args, got, tt.want)
		}
	}
}

// targets returns the sorted names of the module's targets. The builder searches the files for "func" and
// a name, so a name must not be the prefix of another function's name.
func targets(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []byte
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	for _, m := range regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`).FindAllSubmatch(all, -1) {
		names = append(names, string(m[1]))
	}
	for _, n := range names {
		if got := bytes.Count(all, []byte("func "+n)); got != 1 {
			t.Errorf("%d functions have names that begin with %s, want 1", got, n)
		}
	}
	slices.Sort(names)
	return names
}

// TestBuild: build.sh, with stubs of OSS-Fuzz's commands, builds every target and packs its corpus.
func TestBuild(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no bash")
	}
	gocmd, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	stubs := map[string]string{
		"compile_native_go_fuzzer_v2": `echo "$@" >> "$OUT/built"`,
		"go": `if [ "$1" = get ]; then
	echo "$@" >> "$OUT/got"
else
	exec '` + gocmd + `' "$@"
fi`,
	}
	for _, sub := range []string{"bin", "src", "out"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range stubs {
		script := "#!" + bash + "\n" + text + "\n"
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(root, filepath.Join(dir, "src", "hawser")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bash, "-eu", filepath.Join(root, "fuzz", "oss-fuzz", "build.sh"))
	out := filepath.Join(dir, "out")
	cmd.Env = append(os.Environ(), "SRC="+filepath.Join(dir, "src"), "OUT="+out,
		"PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	checkBuilt(t, out)
}

// checkBuilt checks the files that build.sh and its stubs have written to out.
func checkBuilt(t *testing.T, out string) {
	built, err := os.ReadFile(filepath.Join(out, "built"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(out, "got"))
	if err != nil || !strings.HasSuffix(string(got), "/testing\n") {
		t.Errorf("ran go %s, %v, want go get of the replacement of testing", got, err)
	}
	var names []string
	for line := range strings.Lines(string(built)) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "github.com/hawser-ws/hawser/fuzz" || words[1] != words[2] {
			t.Errorf("built %q", words)
			continue
		}
		names = append(names, words[1])
		z, err := zip.OpenReader(filepath.Join(out, words[1]+"_seed_corpus.zip"))
		if err != nil {
			t.Error(err)
			continue
		}
		defer z.Close()
		heads := []string{"FuzzRequest", "FuzzHandshake", "FuzzResponse"}
		if slices.Contains(heads, words[1]) && len(z.File) < 10 {
			t.Errorf("%s has %d seeds", words[1], len(z.File))
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(r); err != nil || len(b) == 0 {
				t.Errorf("%s: %s has %d bytes, %v", words[1], f.Name, len(b), err)
			}
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(targets(t), names); diff != "" {
		t.Errorf("targets built (-want +got):\n%s", diff)
	}
}
