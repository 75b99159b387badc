package wire_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The codec stands by itself: no connection, no clock, no lock, no log, and
// nothing beyond the standard library.
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
		t.Fatal("go list shows no import")
	}
	for _, forbidden := range []string{"net", "net/http", "os", "log", "log/slog", "time", "sync", "sync/atomic", "context", "unsafe"} {
		if slices.Contains(imports, forbidden) {
			t.Errorf("wire imports %s", forbidden)
		}
	}
	for _, path := range imports {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			t.Errorf("wire imports %s, which is not of the standard library", path)
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mod), "require") {
		t.Errorf("go.mod requires something:\n%s", mod)
	}
}
