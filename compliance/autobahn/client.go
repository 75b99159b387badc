package autobahn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/testee"
)

// listenTimeout limits the start of wstest as a server. Docker may have to fetch the
// image first.
const listenTimeout = 5 * time.Minute

// testClient runs wstest as a server and connects the client to it.
func (r *run) testClient(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	r.job.mode, r.job.port = modeServer, port
	specDir, outDir := r.runner.place(r.job)
	s := &spec{OutDir: outDir, URL: "ws://127.0.0.1:" + strconv.Itoa(port)}
	var config *tls.Config
	if r.TLS {
		if config, err = writeCertificate(r.job.specDir); err != nil {
			return err
		}
		s.URL = "wss" + strings.TrimPrefix(s.URL, "ws")
		s.Key, s.Cert = specDir+"/"+keyName, specDir+"/"+certName
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	if err := r.launch(running, s); err != nil {
		return err
	}
	// This context ends when wstest dies.
	alive, end := context.WithCancelCause(running)
	go func() {
		<-r.child.done
		end(errSuiteDied)
	}()
	err = waitForServer(alive, s.URL, config)
	if err == nil {
		c := testee.Client{Dial: r.Client, TLS: config, URL: s.URL, Agent: r.Agent, IDs: r.cases, Log: r.Log}
		err = c.Run(alive)
	}
	died := err != nil && r.hasDied()
	stop()
	_ = r.child.wait() // stop has ended it
	r.runner.cleanUp(r.job)
	if died {
		return r.child.failure("died")
	}
	return err
}

// hasDied reports whether wstest has ended by itself. It waits for a second, because the
// client may see the connection end before the process has ended.
func (r *run) hasDied() bool {
	select {
	case <-r.child.done:
		return true
	case <-time.After(time.Second):
		return false
	}
}

var errSuiteDied = errors.New("wstest died")

// freePort returns a TCP port of loopback that was free a moment ago. wstest does not
// accept port 0.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// waitForServer waits until wstest answers HTTP requests. An accepted connection proves
// nothing, because Docker accepts connections while the container is still starting.
func waitForServer(ctx context.Context, server string, config *tls.Config) error {
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
		Timeout:   askTimeout,
	}
	var last error
	for deadline := time.Now().Add(listenTimeout); ; {
		target := "http" + strings.TrimPrefix(server, "ws")
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		last = err
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wstest does not answer after %v: %w", listenTimeout, last)
		}
	}
}
