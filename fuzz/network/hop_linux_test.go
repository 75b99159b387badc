package network

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// hopDevice is the name of the TUN device on the router.
const hopDevice = "hop"

// hop applies i to all that the router forwards, without netem: the router sends each packet to a TUN
// device, and gets it back from there.
func (h *hosts) hop(i impairment) *process {
	h.t.Helper()
	p := h.start(h.router, setup{Role: "hop", Impairment: i})
	p.await("ready")
	h.ip(h.router, `
		link set hop up
		route add default dev hop table 100
		rule add iif server lookup 100
		rule add iif client lookup 100`)
	return p
}

// beHop is the program of a hop.
func beHop(s setup) error {
	tun, err := openTUN(hopDevice)
	if err != nil {
		return err
	}
	out := newReporter()
	l := &link{impairment: s.Impairment, to: tun}
	go commands(map[string]func(){"count": func() {
		out.report(event{Kind: "count", Packets: map[string]int64{
			"passed": l.passed.Load(), "lost": l.lost.Load(),
			"duplicated": l.duplicated.Load(), "corrupted": l.corrupted.Load(),
		}})
	}})
	out.report(event{Kind: "ready"})
	for p := make([]byte, 64<<10); ; {
		n, err := tun.Read(p)
		if err != nil {
			return err
		}
		l.forward(p[:n])
	}
}

// openTUN makes a TUN device, which lasts until the file is closed. A read of the file returns a
// packet, and a write sends one.
func openTUN(name string) (*os.File, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("open /dev/net/tun", err)
	}
	var request struct { // struct ifreq
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], name)
	request.flags = syscall.IFF_TUN | syscall.IFF_NO_PI
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF,
		uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		syscall.Close(fd)
		return nil, os.NewSyscallError("TUNSETIFF", errno)
	}
	return os.NewFile(uintptr(fd), name), nil
}

const (
	maxHeld  = 4096 // packets that a link holds at once; it loses further ones
	ipHeader = 20   // bytes, without options, which TCP does not use
)

// A link passes on packets with an impairment.
type link struct {
	impairment
	to io.Writer

	held                                atomic.Int64
	passed, lost, duplicated, corrupted atomic.Int64
}

// forward passes on a copy of p.
func (l *link) forward(p []byte) {
	if len(p) <= ipHeader || p[0]>>4 != 4 {
		return // of IPv6, which the hosts do not use
	}
	if happens(l.Loss) || l.held.Load() >= maxHeld {
		l.lost.Add(1)
		return
	}
	p = bytes.Clone(p)
	if happens(l.Corrupt) {
		l.corrupted.Add(1)
		p[ipHeader+rand.IntN(len(p)-ipHeader)] ^= 1 << rand.IntN(8)
	}
	l.send(p)
	if happens(l.Duplicate) {
		l.duplicated.Add(1)
		l.send(p)
	}
}

// send sends p after the delay. Since that varies, another packet may overtake it.
func (l *link) send(p []byte) {
	l.held.Add(1)
	delay := l.Delay
	if l.Jitter > 0 {
		delay += rand.N(2*l.Jitter) - l.Jitter
	}
	time.AfterFunc(delay, func() {
		l.held.Add(-1)
		l.to.Write(p) // as on a network, there is nobody to tell of an error
		l.passed.Add(1)
	})
}

// happens returns true in so many cases out of 100.
func happens(percent int) bool { return rand.IntN(100) < percent }
