package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// Setup describes one connection of a peer, for a test of permessage-deflate.
type Setup struct {
	Role string `json:"role"` // "client" or "server"
	URL  string `json:"url"`  // the URL to which a client connects

	// ServerBits and ClientBits are the sizes of the windows to negotiate. If they are
	// zero the peer keeps its own settings for windows.
	ServerBits int `json:"serverBits"`
	ClientBits int `json:"clientBits"`
	// NoTakeover asks for messages without context takeover in both directions.
	NoTakeover bool `json:"noTakeover"`
	// Unsized makes a client offer no size for its own window.
	Unsized bool `json:"unsized"`
}

// Report describes the connection as the peer saw it.
type Report struct {
	Extensions string `json:"extensions"` // Sec-WebSocket-Extensions of the response
	Code       int    `json:"code"`       // of the close frame received; 1006 if there was none
	Reason     string `json:"reason"`     // of the close frame received
	Error      string `json:"error"`      // why there was no connection, or how it failed
}

// Exchange is a peer with one connection. The peer echoes every message, except for
// texts that are commands: "close" makes it close with code 1000 and the reason "bye",
// and it sends back a text that begins with "fragment " in several frames if it can.
type Exchange struct {
	// URL is where a server listens. It is empty for a client, and for a server that
	// could not start.
	URL string

	wait func() Report
}

// Wait waits until the peer has ended its connection, and returns the peer's report. If the
// context of the exchange ends, so does the peer.
func (x *Exchange) Wait() Report { return x.wait() }

// exchange is a Peer.Exchange. The last argument of the program is the setup as JSON. A
// server prints a line {"url": ...} when it listens. At the end, a program prints a line with
// its report, some only after EOF on the standard input.
func (p *program) exchange(ctx context.Context, env *Env, s Setup) (*Exchange, error) {
	setup, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	argv := append(p.argv(p.kit.home(env)), string(setup))
	cmd := process.Command(ctx, argv[0], argv[1:]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}

	lines := json.NewDecoder(stdout)
	var last struct { // the first line of a server that cannot start is its report
		URL string `json:"url"`
		Report
	}
	if s.Role == "server" {
		err = lines.Decode(&last)
	}
	x := &Exchange{URL: last.URL}
	x.wait = sync.OnceValue(func() Report {
		_ = stdin.Close()
		for err == nil {
			err = lines.Decode(&last)
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err = errors.Join(err, cmd.Wait()); err != nil {
			last.Error = fmt.Sprintf("%v %s", err, stderr.Bytes())
		}
		return last.Report
	})
	context.AfterFunc(ctx, func() { x.wait() }) // ctx kills the process, Wait reaps it
	return x, nil
}
