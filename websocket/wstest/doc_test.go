package wstest_test

import (
	"os"
	"strings"
	"testing"
)

// TestDocIsCompiled checks that the test in the package documentation is compiled and run.
func TestDocIsCompiled(t *testing.T) {
	var code strings.Builder
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(doc)) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok {
			code.WriteString(line)
		}
	}
	example, err := os.ReadFile("example_faketime_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if code.Len() == 0 || !strings.HasSuffix(string(example), "\n"+code.String()) {
		t.Errorf("example_faketime_test.go does not end with:\n%s", code.String())
	}
}
