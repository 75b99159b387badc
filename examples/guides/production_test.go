// Package guides has only tests, which compare the guides with code.
package guides

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The code in the guide for production, and the shutdown in README.md, are lines of programs and Examples
// that are compiled and tested.
func TestQuotes(t *testing.T) {
	var programs []string
	for _, pattern := range []string{
		"../limits/*.go", "../../websocket/example_*_test.go", "../../websocket/*/example_*test.go",
	} {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil || len(files) == 0 {
			t.Errorf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			programs = append(programs, withoutIndent(read(t, file)))
		}
	}
	quotes := blocks(read(t, "production.md"))
	if len(quotes) < 11 {
		t.Errorf("production.md has %d blocks of Go code, want at least 11", len(quotes))
	}
	for _, b := range blocks(read(t, "../../README.md")) {
		if strings.Contains(b, "Shutdown") {
			quotes = append(quotes, b)
		}
	}
	for _, q := range quotes {
		found := false
		for _, p := range programs {
			found = found || strings.Contains(p, "\n"+withoutIndent(q))
		}
		if !found {
			t.Errorf("no program has these lines:\n%s", q)
		}
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// blocks returns the blocks of Go code in a Markdown text.
func blocks(text string) (code []string) {
	for _, m := range goBlock.FindAllStringSubmatch(text, -1) {
		code = append(code, m[1])
	}
	return code
}

var indent = regexp.MustCompile(`(?m)^[ \t]+`)

func withoutIndent(code string) string { return indent.ReplaceAllString(code, "") }

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
