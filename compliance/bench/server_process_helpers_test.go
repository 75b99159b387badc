//go:build unix

package bench

import (
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// patience limits every wait.
const patience = measure.Patience

func TestMain(m *testing.M) { measure.Main(m, serve) }

// startServer starts s with one processor.
func startServer(tb testing.TB, s server, takeover bool) *measure.Server {
	tb.Helper()
	return measure.StartServer(tb, fmt.Sprint(s.name, " ", takeover))
}

// serve runs the server that startServer named. The answer to any question is the CPU time that its process
// has used, in nanoseconds.
func serve(name string) error {
	for _, s := range servers {
		rest, found := strings.CutPrefix(name, s.name+" ")
		if !found {
			continue
		}
		runtime.GOMAXPROCS(1)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go s.serve(ln, rest == "true")
		return measure.Answer(ln.Addr(), func(string) (string, error) {
			var u syscall.Rusage
			err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
			return strconv.FormatInt(u.Utime.Nano()+u.Stime.Nano(), 10), err
		})
	}
	return fmt.Errorf("no server is named %q", name)
}

// cpu returns the CPU time that a server has used.
func cpu(tb testing.TB, s *measure.Server) time.Duration {
	tb.Helper()
	n, err := strconv.ParseInt(s.Ask("cpu"), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return time.Duration(n)
}
