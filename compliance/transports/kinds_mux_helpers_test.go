package transports

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
	"github.com/xtaci/smux"
	"golang.org/x/crypto/ssh"
	"google.golang.org/grpc/test/bufconn"
)

var muxKinds = []kind{
	{name: "ssh", reads: true, writes: true, failing: true, memory: true, open: openSSH},
	{name: "yamux", reads: true, memory: true, pools: true, open: openYamux},
	{name: "smux", reads: true, memory: true, pools: true, open: openSmux(2)},
	{
		name: "smux 1", reads: true, memory: true, pools: true, open: openSmux(1), // smux's default version
		why: "a deadline ends only a Write that begins after it is set, and Close does not end a Write",
		fails: []string{
			"CloseNow", "Abort",
			"Close after an interrupted Write",
			"Write, small messages", "Write, small messages, canceled",
			"Write", "Write, canceled", "WritePlain", "WriteBuffers", "WritePrepared", "WriteJSON",
			"MessageWriter.Write", "MessageWriter.Flush", "MessageWriter.Close", "ByteStream Write",
			"Write while another reads", "Write while another writes",
			"Read while another writes", "Close while another writes",
		},
	},
}

// openSSH opens a direct-tcpip channel for each connection.
func openSSH(t testing.TB) (net.Listener, dialFunc) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	signer, err := ssh.NewSignerFromKey(key)
	check(t, err)
	server := &ssh.ServerConfig{NoClientAuth: true}
	server.AddHostKey(signer)
	l := newMemoryListener(t)
	link := bufconn.Listen(64 << 10) // both sides begin with a write, which would deadlock without a buffer
	go func() { a, _ := link.Accept(); serveSSH(a, server, l) }()
	b, err := link.Dial()
	check(t, err)
	cfg := &ssh.ClientConfig{HostKeyCallback: ssh.FixedHostKey(signer.PublicKey())}
	cc, channels, requests, err := ssh.NewClientConn(b, "server", cfg)
	check(t, err)
	client := ssh.NewClient(cc, channels, requests)
	t.Cleanup(func() { client.Close() })
	return l, func(ctx context.Context) (net.Conn, error) {
		return client.DialContext(ctx, "tcp", "server:80")
	}
}

// serveSSH gives l the channels that a client opens.
func serveSSH(nc net.Conn, cfg *ssh.ServerConfig, l *memoryListener) {
	defer nc.Close()
	_, channels, requests, err := ssh.NewServerConn(nc, cfg)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for n := range channels {
		ch, requests, err := n.Accept()
		if err != nil {
			continue
		}
		go ssh.DiscardRequests(requests)
		go func() {
			if l.offer(context.Background(), channelConn{ch}) != nil {
				ch.Close()
			}
		}()
	}
}

// A channelConn makes a channel a net.Conn, as package ssh does for clients.
type channelConn struct{ ssh.Channel }

func (channelConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4zero} }
func (channelConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4zero} }
func (channelConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (channelConn) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (channelConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// link returns the two ends of the connection below a multiplexer. They hide the addresses of net.Pipe, which
// the streams would inherit: package websocket recognizes a pipe by them and knows that it buffers nothing,
// but the streams do.
func link() (net.Conn, net.Conn) {
	a, b := net.Pipe()
	return addressed{a}, addressed{b}
}

type addressed struct{ net.Conn }

func (addressed) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4zero} }
func (addressed) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

func openYamux(t testing.TB) (net.Listener, dialFunc) {
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	a, b := link()
	server, err := yamux.Server(a, cfg)
	check(t, err)
	client, err := yamux.Client(b, cfg)
	check(t, err)
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, func(context.Context) (net.Conn, error) { return client.Open() }
}

func openSmux(version int) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		cfg := smux.DefaultConfig()
		cfg.Version, cfg.MaxReceiveBuffer, cfg.MaxStreamBuffer = version, 512<<10, 64<<10
		a, b := link()
		server, err := smux.Server(a, cfg)
		check(t, err)
		client, err := smux.Client(b, cfg)
		check(t, err)
		t.Cleanup(func() { client.Close(); server.Close() })
		return smuxListener{server}, func(context.Context) (net.Conn, error) { return client.OpenStream() }
	}
}

type smuxListener struct{ *smux.Session }

func (l smuxListener) Accept() (net.Conn, error) { return l.AcceptStream() }
func (l smuxListener) Addr() net.Addr            { return l.LocalAddr() }
