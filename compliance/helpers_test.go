package compliance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance"
	"github.com/hawser-ws/hawser/compliance/suite"
	"github.com/hawser-ws/hawser/compliance/testee"
	"github.com/hawser-ws/hawser/websocket"
)

// liar is an echo handler that appends an exclamation mark to every text message that is not empty.
var liar = websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if m.Type == websocket.Text && len(m.Data) > 0 {
			m.Data = append(m.Data, '!')
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}}

// lyingClient is hawser's client, but changes messages as liar does.
var lyingClient = echoes(nil, func(binary bool, message []byte) []byte {
	if !binary && len(message) > 0 {
		message = append(message, '!')
	}
	return message
})

// filtered reports whether go test -run excludes subtests.
func filtered() bool { return strings.Contains(flag.Lookup("test.run").Value.String(), "/") }

// some returns patterns of a few cases of each kind, or of all cases if HAWSER_FULL is set.
// These tests check that cases run as subtests. wscheck checks that hawser passes them all.
func some() []string {
	if os.Getenv("HAWSER_FULL") != "" {
		return []string{"*"}
	}
	return []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.4.*", "7.1.*", "9.7.1", "10.*", "12.1.3", "13.3.1",
		"H.1.*", "L.1.*", "X.1.*", "C.1.*"}
}

var hawserClient = echoes(nil, nil)

// echoes returns hawser's client with a TLS configuration. If edit is not nil, the client sends what
// it returns for each message.
func echoes(config *tls.Config, edit func(binary bool, message []byte) []byte) compliance.ClientFunc {
	return func(ctx context.Context, url string) error {
		c, err := testee.Hawser(ctx, url, config)
		if err != nil {
			return err
		}
		defer c.Close()
		for {
			binary, message, err := c.Read(ctx)
			if err != nil {
				return nil // the suite ended the connection
			}
			if edit != nil {
				message = edit(binary, message)
			}
			if err := c.Write(ctx, binary, message); err != nil {
				return err
			}
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs a program, which must succeed, and returns its output.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "PWD="+dir, "GOWORK=", "GOFLAGS=")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, &out)
	}
	return out.String()
}

// freeAddr returns a loopback address that is not in use.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await waits until a server answers at url.
func await(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for suite.Probe(t.Context(), url, nil) != nil {
		if time.Now().After(deadline) {
			t.Fatalf("no server answers at %s", url)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
