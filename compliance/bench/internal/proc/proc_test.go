package proc

import (
	"errors"
	"os"
	"regexp"
	"runtime"
	"testing"
	"time"
)

// needs skips a test if err says that the system does not support something.
func needs(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// spin uses CPU time until more returns false.
func spin(t *testing.T, more func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); more(); {
		if time.Now().After(end) {
			t.Fatal("the CPU time does not grow")
		}
	}
}

// The CPU time of this process is the same from outside as from inside.
func TestCPUTime(t *testing.T) {
	before, err := CPUTime(os.Getpid())
	needs(t, err)
	inside, err := Own()
	if err != nil {
		t.Fatal(err)
	}
	spin(t, func() bool {
		now, err := Own()
		return err == nil && now-inside < 200*time.Millisecond
	})
	after, err := CPUTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	now, err := Own()
	if err != nil {
		t.Fatal(err)
	}
	// The time measured inside lies between the times measured outside, except for ticks of the clock.
	if got, most := after-before, now-inside; got < 180*time.Millisecond || got > most+20*time.Millisecond {
		t.Errorf("%v of CPU time outside, want 200ms to %v", got, most)
	}
}

func TestCalls(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	before, err := Calls(os.Getpid())
	needs(t, err)
	const n = 1000
	for range n {
		if _, err := w.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	after, err := Calls(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if got := after - before; got < 2*n || got > 2*n+n/2 {
		t.Errorf("%d calls, want %d", got, 2*n)
	}
}

func TestMemory(t *testing.T) {
	before, err := Memory(os.Getpid())
	needs(t, err)
	const size = 64 << 20
	b := make([]byte, size)
	for i := range b {
		b[i] = 1
	}
	after, err := Memory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(b)
	// The race detector needs several bytes for each.
	if got := after - before; got < size/2 || got > 10*size {
		t.Errorf("%d bytes more, want %d", got, size)
	}
}

func TestNoProcess(t *testing.T) {
	const nobody = 1<<22 + 1 // more than the largest id
	for name, f := range map[string]func() error{
		"CPUTime": func() error { _, err := CPUTime(nobody); return err },
		"Calls":   func() error { _, err := Calls(nobody); return err },
		"Memory":  func() error { _, err := Memory(nobody); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMachine(t *testing.T) {
	cpu, kernel := Machine()
	if cpu == "" || !regexp.MustCompile(`^[A-Za-z]+( \d+(\.\d+)?)?$`).MatchString(kernel) {
		t.Errorf("the machine is %q and %q", cpu, kernel)
	}
	if MaxFiles() < 10 {
		t.Errorf("a process may open %d files", MaxFiles())
	}
}
