package wire_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The package requires nothing but the standard library, and of that no connection, clock,
// lock or log.
func TestImports(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("go", "list", "-f", `{{join .Imports " "}}`, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	imports := strings.Fields(string(out))
	if len(imports) == 0 {
		t.Fatal("go list lists no imports")
	}
	for _, forbidden := range []string{
		"net", "net/http", "os", "log", "log/slog", "time", "sync", "sync/atomic", "context", "unsafe",
	} {
		if slices.Contains(imports, forbidden) {
			t.Errorf("wire imports %s", forbidden)
		}
	}
	for _, path := range imports {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			t.Errorf("wire imports %s, which is not in the standard library", path)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mod), "require") {
		t.Errorf("go.mod has a requirement:\n%s", mod)
	}
}
