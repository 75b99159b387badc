package network

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must happen but has no limit of its own. It is only
// for code that hangs.
const patience = 2 * time.Minute

// The addresses of the hosts, which are for documentation (RFC 5737). Each host has its own net, in
// which the router is its gateway.
const (
	serverIP      = "192.0.2.1"
	serverGateway = "192.0.2.254"
	clientIP      = "198.51.100.1"
	clientGateway = "198.51.100.254"
	port          = "8080"
)

// prefix is what the names of the namespaces begin with. The ID of the test's process follows.
const prefix = "hawser-"

// hosts are a server, a client, and a router between them: three network namespaces, by their names.
// On the hosts, the link to the router is called "uplink". On the router, the links are called "server"
// and "client".
type hosts struct {
	t                      testing.TB
	server, router, client string
}

// newHosts returns hosts that are connected. They are removed when the test ends.
func newHosts(t testing.TB) *hosts {
	t.Helper()
	base := fmt.Sprintf("%s%d-%08x-", prefix, os.Getpid(), rand.Uint32())
	h := &hosts{t: t, server: base + "server", router: base + "router", client: base + "client"}
	t.Cleanup(func() {
		for _, ns := range []string{h.server, h.router, h.client} {
			if _, err := command("", "ip", "netns", "del", ns); err != nil {
				t.Error(err)
			}
		}
	})
	h.run("", "ip", "netns", "add", h.server)
	h.run("", "ip", "netns", "add", h.router)
	h.run("", "ip", "netns", "add", h.client)
	h.ip(h.router, `
		link add server type veth peer name uplink netns `+h.server+`
		link add client type veth peer name uplink netns `+h.client+`
		addr add `+serverGateway+`/24 dev server
		addr add `+clientGateway+`/24 dev client
		link set server up
		link set client up`)
	h.connect(h.server, serverIP, serverGateway)
	h.connect(h.client, clientIP, clientGateway)
	// The reverse path filter would drop what the hop sends.
	h.exec(h.router, "", "sh", "-c", `cd /proc/sys/net/ipv4
		for f in conf/*/rp_filter; do echo 0 >$f; done
		echo 1 >ip_forward`)
	return h
}

// connect configures the link of a host.
func (h *hosts) connect(ns, ip, gateway string) {
	h.t.Helper()
	h.ip(ns, `
		addr replace `+ip+`/24 dev uplink
		link set lo up
		link set uplink up
		route replace default via `+gateway)
}

// ip runs the lines of a script as commands of ip(8) in a namespace.
func (h *hosts) ip(ns, script string) {
	h.t.Helper()
	h.run(strings.TrimSpace(script)+"\n", "ip", "-n", ns, "-batch", "-")
}

// exec runs a program in a namespace, and returns its output.
func (h *hosts) exec(ns, stdin string, args ...string) string {
	h.t.Helper()
	return h.run(stdin, append([]string{"ip", "netns", "exec", ns}, args...)...)
}

// run runs a program, which must succeed, and returns its output.
func (h *hosts) run(stdin string, args ...string) string {
	h.t.Helper()
	out, err := command(stdin, args...)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// command runs a program, and returns its output.
func command(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", strings.Join(args, " "), stdin, err, &stderr)
	}
	return string(out), nil
}

// removeLeft removes the namespaces of earlier runs that were killed.
func removeLeft() error {
	out, err := command("", "ip", "netns", "list")
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest, ours := strings.CutPrefix(name, prefix)
		pid, _, _ := strings.Cut(rest, "-")
		id, err := strconv.Atoi(pid)
		if !ours || err != nil || syscall.Kill(id, 0) != syscall.ESRCH {
			continue
		}
		if _, err := command("", "ip", "netns", "del", name); err != nil {
			return err
		}
	}
	return nil
}
