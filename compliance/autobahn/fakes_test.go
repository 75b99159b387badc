package autobahn

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// TestMain makes the test binary a fake wstest, docker or Python if it is started under that
// name. FAKE_WSTEST, FAKE_DOCKER and FAKE_PYTHON select how the fake fails.
func TestMain(m *testing.M) {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	switch name {
	case "wstest":
		os.Exit(fakeWstest(os.Args[1:], os.Getenv("FAKE_WSTEST"), nil))
	case "docker":
		os.Exit(fakeDocker(os.Args[1:], os.Getenv("FAKE_DOCKER")))
	case "python2.7":
		os.Exit(fakePython(os.Args[1:], os.Getenv("FAKE_PYTHON")))
	}
	os.Exit(m.Run())
}

// installFakes returns a new directory with the fakes of these names.
func installFakes(t *testing.T, names ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GORACE", "atexit_sleep_ms=0") // otherwise each takes a second to end
	dir := t.TempDir()
	for _, name := range names {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Skipf("no symbolic links for the fakes: %v", err)
		}
	}
	return dir
}

// fakeWstestPath returns the path of a fake wstest that fails in this way.
func fakeWstestPath(t *testing.T, how string) string {
	t.Helper()
	t.Setenv("FAKE_WSTEST", how)
	return filepath.Join(installFakes(t, "wstest"), "wstest")
}

// fakeWstest implements the flags and modes that this package uses. mounts maps directories
// of a container to those of the host.
func fakeWstest(args []string, how string, mounts map[string]string) int {
	if slices.Equal(args, []string{"--autobahnversion"}) {
		return fakeVersion(how)
	}
	if len(args) != 6 || args[0] != "-m" || args[2] != "-u" || args[3] != "0" || args[4] != "-s" {
		fmt.Println("unknown arguments:", args)
		return 1
	}
	data, err := os.ReadFile(onHost(args[5], mounts))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var s spec
	if err := json.Unmarshal(data, &s); err != nil {
		fmt.Println(err)
		return 1
	}
	s.OutDir = onHost(s.OutDir, mounts)
	switch how {
	case "dies":
		fmt.Println("Traceback: planted at the start")
		return 3
	case "hangs":
		return hang(s.OutDir)
	}
	if args[1] == modeServer {
		return fakeServer(&s, how)
	}
	status := writeVerdicts(&s, s.Servers[0].Agent, how)
	if how == "dies late" {
		fmt.Println("Traceback: planted at the end")
		return 3
	}
	return status
}

func fakeVersion(how string) int {
	switch how {
	case "broken":
		fmt.Fprintln(os.Stderr, "ImportError: no module named autobahn")
		return 1
	case "other":
		fmt.Println("wstest, the web site tester")
		return 0
	}
	// A real Python would run sitecustomize.py, which prints the line.
	_, err := os.Stat(filepath.Join(filepath.SplitList(os.Getenv("PYTHONPATH"))[0], "sitecustomize.py"))
	if err == nil && os.Getenv("WSCHECK_CONFIRM_LOOPBACK") != "" && how != "drops PYTHONPATH" {
		fmt.Fprintln(os.Stderr, "wscheck: sockets stay on loopback")
	}
	fmt.Println("Autobahn 0.10.9")
	if how == "old" {
		fmt.Println("AutobahnTestSuite 0.8.2")
	} else {
		fmt.Println("AutobahnTestSuite " + Version)
	}
	return 0
}

// hang writes the file hanging and waits until it is asked to end.
func hang(outDir string) int {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	if err := os.WriteFile(filepath.Join(outDir, "hanging"), nil, 0o644); err != nil {
		return 1
	}
	select {
	case <-asked:
		_ = os.WriteFile(filepath.Join(outDir, "ended"), nil, 0o644)
		return 0
	case <-time.After(time.Minute):
		return 1
	}
}

// writeVerdicts writes index.json. All verdicts are OK unless how says otherwise.
func writeVerdicts(s *spec, agent, how string) int {
	verdicts := make(map[string]report.Entry)
	for i, id := range s.Cases {
		if how == "none" || how == "half" && i > 0 {
			break
		}
		verdicts[id] = report.Entry{Behavior: "OK", BehaviorClose: "OK", ReportFile: "x.json"}
	}
	if how == "short" {
		verdicts[s.Cases[0]] = report.Entry{Behavior: "OK", BehaviorClose: "UNCLEAN", ReportFile: "x.json"}
	}
	data, err := json.Marshal(report.Index{agent: verdicts})
	if err == nil {
		err = os.WriteFile(filepath.Join(s.OutDir, indexName), data, 0o644)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// fakeServer serves the paths of a fuzzingserver in plain HTTP. The body of a response is
// the message that the suite would send. See httpDialer.
func fakeServer(s *spec, how string) int {
	u, err := url.Parse(s.URL)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	count, ran, agent := len(s.Cases), 0, ""
	if how == "fewer" {
		count--
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/getCaseCount", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, count)
	})
	mux.HandleFunc("/runCase", func(w http.ResponseWriter, r *http.Request) {
		ran++
		agent = r.FormValue("agent")
		if r.FormValue("case") != strconv.Itoa(ran) {
			http.Error(w, "not the next case", http.StatusBadRequest)
		}
		if how == "dies on the way" {
			fmt.Println("Traceback: planted in a case")
			os.Exit(3)
		}
	})
	mux.HandleFunc("/updateReports", func(_ http.ResponseWriter, r *http.Request) {
		if r.FormValue("agent") == agent {
			writeVerdicts(&spec{OutDir: s.OutDir, Cases: s.Cases[:ran]}, agent, how)
		}
	})
	listener, err := net.Listen("tcp", u.Host)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	server := &http.Server{Handler: mux}
	go func() {
		select {
		case <-asked:
			_ = os.WriteFile(filepath.Join(s.OutDir, "ended"), nil, 0o644)
		case <-time.After(time.Minute):
		}
		server.Close()
	}()
	if s.Key != "" {
		_ = server.ServeTLS(listener, s.Cert, s.Key)
	} else {
		_ = server.Serve(listener)
	}
	return 0
}

// fakeDocker implements docker version, run and rm as far as this package uses them.
func fakeDocker(args []string, how string) int {
	switch {
	case how == "no engine":
		fmt.Fprintln(os.Stderr, "Cannot connect to the Docker daemon")
		return 1
	case args[0] == "version":
		fmt.Println("29.0.1")
		return 0
	case args[0] == "rm":
		_ = os.WriteFile(os.Getenv("FAKE_DOCKER_REMOVED"), []byte(args[len(args)-1]), 0o644)
		return 0
	case args[0] != "run":
		fmt.Println("unknown command", args[0])
		return 1
	}
	mounts := make(map[string]string)
	for i, arg := range args {
		if arg == "-v" {
			parts := strings.SplitN(args[i+1], ":", 3)
			mounts[parts[1]] = parts[0]
		}
		if arg == "wstest" {
			return fakeWstest(args[i+1:], how, mounts)
		}
	}
	return 1
}

// onHost returns the path on the host of a path within a container.
func onHost(path string, mounts map[string]string) string {
	for inside, outside := range mounts {
		if rest, ok := strings.CutPrefix(path, inside); ok {
			return outside + rest
		}
	}
	return path
}
