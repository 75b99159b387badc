package network

import (
	"fmt"
	"strings"
	"time"
)

// forward replaces the rules by which the router forwards packets, which are in the language of
// nft(8). Without rules it forwards all.
func (h *hosts) forward(rules ...string) {
	h.t.Helper()
	h.exec(h.router, fmt.Sprintf(`
table ip faults
delete table ip faults
table ip faults {
	chain forward {
		type filter hook forward priority 0
		%s
	}
}
`, strings.Join(rules, "\n\t\t")), "nft", "-f", "-")
}

// Rules for forward. reset spares resets, so that those of a host still arrive.
const (
	toClient  = `oifname "client" `
	drop      = `drop`
	reset     = `tcp flags & rst == 0 reject with tcp reset`
	loseTenth = `numgen random mod 10 < 1 drop`
)

// after returns a rule that drops or resets what follows n KiB to the client. It counts whole
// packets, with their headers.
func after(kib int, fault string) string {
	return fmt.Sprintf(`%s quota over %d kbytes counter %s`, toClient, kib, fault)
}

// awaitFault waits until the rule of after has applied to a packet.
func (h *hosts) awaitFault() {
	h.t.Helper()
	for began := time.Now(); time.Since(began) < patience; time.Sleep(10 * time.Millisecond) {
		list := h.exec(h.router, "", "nft", "list", "table", "ip", "faults")
		if !strings.Contains(list, "counter packets 0 ") {
			return
		}
	}
	h.t.Fatalf("rule has applied to no packet within %v", patience)
}

// slow limits the rate of both of the router's links, in kbit/s. Beyond some 100 ms of data, the
// router drops packets.
func (h *hosts) slow(kbit int) {
	h.t.Helper()
	for _, dev := range []string{"client", "server"} {
		h.run("", "tc", "-n", h.router, "qdisc", "replace", "dev", dev, "root",
			"tbf", "rate", fmt.Sprintf("%dkbit", kbit), "burst", "16kb", "latency", "100ms")
	}
}

// fast ends slow. The links are as fast as the machine.
func (h *hosts) fast() {
	h.t.Helper()
	for _, dev := range []string{"client", "server"} {
		h.run("", "tc", "-n", h.router, "qdisc", "replace", "dev", dev, "root", "pfifo")
	}
}

// smallBuffers limits how much the hosts' TCP holds for a peer that does not keep up.
func (h *hosts) smallBuffers() {
	h.t.Helper()
	for _, ns := range []string{h.server, h.client} {
		h.exec(ns, "", "sh", "-c", `cd /proc/sys/net/ipv4
			echo 4096 16384 32768 >tcp_wmem
			echo 4096 16384 32768 >tcp_rmem`)
	}
}

// destroySockets destroys the TCP connections of a host, each of which sends a reset.
func (h *hosts) destroySockets(ns string) {
	h.t.Helper()
	out := h.exec(ns, "", "ss", "-K", "-H", "-t", "-n", "state", "established")
	if !strings.Contains(out, port) {
		lacking(h.t, fmt.Errorf("ss -K has destroyed no connection, but printed %q", out))
	}
}

// An impairment is what happens to the packets in each direction.
type impairment struct {
	Delay, Jitter            time.Duration // a delay differs from Delay by up to Jitter
	Loss, Duplicate, Corrupt int           // in percent of the packets
}

// netem applies i to both of the router's links. It reports whether the kernel can do that.
func (h *hosts) netem(i impairment) bool {
	h.t.Helper()
	for _, dev := range []string{"client", "server"} {
		_, err := command("", "tc", "-n", h.router, "qdisc", "replace", "dev", dev, "root",
			"netem", "limit", "4096", "delay", us(i.Delay), us(i.Jitter),
			"loss", fmt.Sprintf("%d%%", i.Loss),
			"duplicate", fmt.Sprintf("%d%%", i.Duplicate),
			"corrupt", fmt.Sprintf("%d%%", i.Corrupt))
		if err != nil && strings.Contains(err.Error(), "Specified qdisc") {
			return false
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return true
}

// us formats d for tc(8).
func us(d time.Duration) string { return fmt.Sprintf("%dus", d.Microseconds()) }
