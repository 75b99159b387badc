package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// A peer is another implementation, in either role. It has one connection, echoes
// what comes and ends with it. Two texts are commands: "close" makes it close
// with 1000 and the reason "bye"; one that starts with "fragment " comes back in
// several frames if the peer can.
type peer interface {
	// start starts a server, or a client that connects to s.URL.
	start(ctx context.Context, t *testing.T, s setup)
	// url is where the server listens, empty if it could not start.
	url() string
	// stop waits for the peer to end by itself, until the context given to start
	// does, and returns how it went.
	stop() report
}

// A setup is what a peer is told. With Bits of 0 it has its own settings for
// windows and takeover: all that it can, and takeover.
type setup struct {
	Role       string `json:"role"` // "client" or "server"
	URL        string `json:"url"`
	ServerBits int    `json:"serverBits"`
	ClientBits int    `json:"clientBits"`
	NoTakeover bool   `json:"noTakeover"` // in both directions
	Unsized    bool   `json:"unsized"`    // it does not offer to size its own window
}

// A report is what a peer saw.
type report struct {
	Extensions string `json:"extensions"` // the answer's field
	Code       int    `json:"code"`       // of the close frame that came, 1006 if none
	Reason     string `json:"reason"`
	Error      string `json:"error"` // why there was no connection
}

// traits say what a peer cannot do.
type traits struct {
	// noSmallFragments: only large messages come back in several frames.
	noSmallFragments bool
	// noFragments: messages come back in one frame each.
	noFragments bool
	// oneFrame: it cannot read a compressed message in several frames.
	oneFrame bool
	// dropsAfterClose: it does not wait for the answer to its close frame.
	dropsAfterClose bool
	// zlib: it compresses with 9 bits where 8 were agreed on.
	zlib bool
	// slow: it takes long to start.
	slow bool
	// ownWindow: a client, it compresses with no larger window than it has offered, even
	// if the answer does not size it.
	ownWindow bool
}

// A program is a peer that is a process. It prints a line of JSON, {"url": …},
// once it listens, and a report when it ends.
type program struct {
	argv []string // the setup, as JSON, comes last

	cmd    *exec.Cmd
	stdin  io.Closer // some end only when it is closed
	stderr bytes.Buffer
	lines  *bufio.Scanner
	listen struct{ URL string }
	report report
	err    error
	ended  bool
}

func (p *program) start(ctx context.Context, t *testing.T, s setup) {
	t.Helper()
	arg, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = process.Command(ctx, p.argv[0], append(slices.Clone(p.argv[1:]), string(arg))...)
	p.cmd.Stderr = &p.stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !p.ended {
			_ = process.Kill(p.cmd)
			p.stop()
		}
	})
	p.lines = bufio.NewScanner(out)
	if s.Role == "server" && p.lines.Scan() {
		if err := json.Unmarshal(p.lines.Bytes(), &p.listen); err != nil {
			t.Fatalf("%v: %s", err, p.lines.Bytes())
		}
		if p.listen.URL == "" { // it is the report already
			p.err = json.Unmarshal(p.lines.Bytes(), &p.report)
		}
	}
}

func (p *program) url() string { return p.listen.URL }

func (p *program) stop() report {
	if p.ended {
		return p.report
	}
	p.ended = true
	p.stdin.Close()
	for p.lines.Scan() {
		p.err = json.Unmarshal(p.lines.Bytes(), &p.report)
	}
	if err := p.cmd.Wait(); err != nil && p.err == nil {
		p.err = err
	}
	if p.err != nil {
		p.report.Error = fmt.Sprintf("%v %s", p.err, p.stderr.Bytes())
	}
	return p.report
}

// installed returns the command of a peer of agreement/peers that is a program.
func installed(t *testing.T, name string) []string {
	t.Helper()
	cache, err := peers.DefaultCache()
	if err != nil {
		missing(t, "no cache directory: %v", err)
	}
	list, err := peers.Select([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	argv, ok := list[0].Command(&peers.Env{Cache: cache})
	if !ok {
		missing(t, "%s is not installed", name)
	}
	return argv
}

// required reports whether all peers must be there, and all rows be run.
func required() bool { return os.Getenv("HAWSER_INTEROP") == "require" }

// missing skips a test whose peer is not there, or fails it where all must be.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	why := fmt.Sprintf(format, args...) + " (doc.go says how to install it)"
	if required() {
		t.Fatal("HAWSER_INTEROP=require: " + why)
	}
	t.Skip(why)
}

// find returns the first of the programs that there is.
func find(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "none of %v is installed", names)
	return ""
}
