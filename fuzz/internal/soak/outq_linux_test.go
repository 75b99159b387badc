package soak

import (
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// TestAcknowledged: bytes that do not fit into the peer's receive buffer are not acknowledged until the
// peer has read.
func TestAcknowledged(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	tcp := c.(*net.TCPConn)
	if !acknowledged(tcp, time.Now().Add(time.Minute)) {
		t.Error("not acknowledged, although nothing was sent")
	}
	sent := stuff(t, tcp)
	if acknowledged(tcp, time.Now().Add(10*time.Millisecond)) {
		t.Errorf("acknowledged, although not all of %d bytes fit into the peer's buffer", sent)
	}
	go io.Copy(io.Discard, peer)
	if !acknowledged(tcp, time.Now().Add(time.Minute)) {
		t.Errorf("%d bytes are not acknowledged, although the peer has read them", sent)
	}
	_ = tcp.Close()
	if acknowledged(tcp, time.Now()) {
		t.Error("acknowledged on a closed connection")
	}
}

// stuff sends until the kernels of both sides have accepted nothing for 20 attempts, and returns the
// number of bytes sent.
func stuff(t *testing.T, c *net.TCPConn) (sent int) {
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 64<<10)
	for idle := 0; idle < 20; idle++ {
		var n int
		err := raw.Write(func(fd uintptr) bool {
			n, _ = syscall.Write(int(fd), p)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			sent += n
			idle = -1
		} else {
			time.Sleep(5 * time.Millisecond)
		}
	}
	return sent
}
