package network

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Variables of the environment. doc.go describes the first. The second has the setup of a process
// that a test starts on a host.
const (
	runVar   = "HAWSER_NETWORK"
	setupVar = "HAWSER_NETWORK_SETUP"
)

func TestMain(m *testing.M) {
	var err error
	s := os.Getenv(setupVar)
	switch {
	case s != "":
		err = play(s)
	case os.Getenv(runVar) != "" && missing() == nil:
		err = removeLeft()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if s == "" {
		os.Exit(m.Run())
	}
}

// play is the whole program on a host.
func play(encoded string) error {
	var s setup
	if err := json.Unmarshal([]byte(encoded), &s); err != nil {
		return err
	}
	switch s.Role {
	case "server":
		return serve(s)
	case "client":
		return connect(s)
	case "hop":
		return beHop(s)
	}
	return fmt.Errorf("no role %q", s.Role)
}

// begin skips the test if it cannot run here, and otherwise returns its hosts. Tests run in
// parallel, because they mostly wait.
func begin(t *testing.T) *hosts {
	t.Helper()
	if os.Getenv(runVar) == "" {
		t.Skip("set " + runVar + "=1 to run this test, which needs root")
	}
	if err := missing(); err != nil {
		lacking(t, err)
	}
	t.Parallel()
	return newHosts(t)
}

// lacking skips a test for which the system lacks something, or fails it if it is required.
func lacking(t testing.TB, err error) {
	t.Helper()
	if os.Getenv(runVar) == "require" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// missing returns what the tests lack on this system.
func missing() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("network namespaces need root")
	}
	for _, program := range []string{"ip", "tc", "nft", "ss"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}
