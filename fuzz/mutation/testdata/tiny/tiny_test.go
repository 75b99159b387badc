package tiny

import (
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
)

func TestCheck(t *testing.T) {
	if Check(5) != nil || Check(20) == nil {
		t.Error("Check")
	}
}

func TestBoth(t *testing.T) {
	for i := range 4 {
		a, b := i&1 != 0, i&2 != 0
		if Both(a, b) != (i == 3) {
			t.Error("Both", a, b)
		}
	}
}

func TestDown(t *testing.T) {
	if n := Down(3); n != 3 {
		t.Error("Down", n)
	}
}

func TestKeep(t *testing.T) {
	if Keep(4); last != 4 {
		t.Error("Keep")
	}
}

func TestSafe(t *testing.T) {
	if Safe(func() { panic("now") }) == nil || Safe(func() {}) != nil {
		t.Error("Safe")
	}
}

func TestCount(t *testing.T) {
	if Count(1, "a", "b") != 2 || list.first(nil, 1, 7) != 7 {
		t.Error("Count")
	}
}

func TestMax(t *testing.T) {
	if Max < 100 {
		t.Error("Max")
	}
}

// TestHang starts a process and waits for it forever.
func TestHang(t *testing.T) {
	if os.Getenv("TINY_HANG") == "" {
		t.Skip("for the tests of the command")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "TINY_CHILD=1")
	cmd.Run()
}

// TestChild holds a connection until it is killed.
func TestChild(t *testing.T) {
	if os.Getenv("TINY_CHILD") == "" {
		t.Skip("for TestHang")
	}
	c, err := net.Dial("tcp", os.Getenv("TINY_HANG"))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, c)
}
