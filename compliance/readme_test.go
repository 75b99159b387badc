package compliance_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The server in README.md passes both checks in README.md, the command and the test, if a
// reader copies all three verbatim.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	find := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindSubmatch(text)
		if m == nil {
			t.Fatalf("README.md has no match for %s", pattern)
		}
		return string(m[1])
	}
	server := find("(?s)```go\n(// A server.*?)```")
	line := find(`\n(func TestConformance\(.*)\n`)
	check := find(`\n(go run \./compliance/cmd/wscheck fuzzingclient .*?) +#`)
	addr := freeAddr(t)
	const written = "127.0.0.1:8080"
	if !strings.Contains(server, written) || !strings.Contains(check, written) {
		t.Fatalf("the server or the check in README.md does not use the address %s", written)
	}
	dir, root := freshModule(t, strings.ReplaceAll(server, written, addr), line)

	// A few cases, among them those in which a server like this once fell short.
	cases := []string{"1.1.*", "9.1.6", "9.3.9", "12.1.1", "X.2.1", "H.1.*"}
	if os.Getenv("HAWSER_FULL") != "" {
		cases = []string{"*"}
	}
	t.Run("test", func(t *testing.T) {
		pattern := strings.NewReplacer(".", `\.`, "*", ".*").Replace(strings.Join(cases, "|"))
		run := "TestConformance/(" + pattern + ")$"
		out := command(t, dir, "go", "test", "-v", "-count=1", "-run", run, ".")
		if !strings.Contains(out, "--- PASS: TestConformance/1.1.1 ") ||
			!strings.Contains(out, "--- SKIP: TestConformance/9.1.6 ") {
			t.Errorf("go test printed %s", out)
		}
	})
	t.Run("command", func(t *testing.T) {
		command(t, dir, "go", "build", "-o", "server.exe", ".")
		command(t, root, "go", "build", "-o", filepath.Join(dir, "wscheck.exe"), "./compliance/cmd/wscheck")
		s := exec.CommandContext(t.Context(), filepath.Join(dir, "server.exe"))
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = s.Process.Kill()
			_ = s.Wait()
		}()
		check = strings.ReplaceAll(check, written, addr)
		url := strings.TrimPrefix(check, "go run ./compliance/cmd/wscheck fuzzingclient ")
		await(t, url)
		out := command(t, dir, filepath.Join(dir, "wscheck.exe"), "fuzzingclient", url,
			"-quick", "-cases", strings.Join(cases, ","))
		if !strings.Contains(out, "\nPASS: ") || !strings.Contains(out, " refused a message with 1009") {
			t.Errorf("wscheck printed %s", out)
		}
	})
}

// freshModule makes a module with a server and the line of its test, in a workspace with the
// modules of this repository. It returns the module's directory and the repository's root.
func freshModule(t *testing.T, server, line string) (dir, root string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, "main.go", server)
	write(t, dir, "main_test.go", "package main\n\n"+
		"import (\n\t\"testing\"\n\n\t\"github.com/hawser-ws/hawser/compliance\"\n)\n\n"+line+"\n")
	write(t, dir, "go.mod", "module readme\n\ngo 1.25\n")
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	work := "go 1.25\n\nuse .\n"
	for _, m := range []string{"wire", "deflate", "websocket", "compliance"} {
		work += fmt.Sprintf("use %q\n", filepath.Join(root, m))
	}
	write(t, dir, "go.work", work)
	return dir, root
}
