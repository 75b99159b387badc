package interop

import (
	"context"
	"os"
	"testing"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
)

// gws has variable windows for both sides. It does not wait for the answer to its close
// frame, and fragments only messages of more than 128 KiB on the wire.
func TestGWS(t *testing.T) {
	testLibrary(t, "gws", "gws", traits{noSmallFragments: true, dropsAfterClose: true})
}

// Chromium is a client only. Its offer is always the same, so the options of the server
// decide. It fragments large messages by itself.
func TestChromium(t *testing.T) {
	testLibrary(t, "chromium", "chromium", traits{noSmallFragments: true, zlib: true})
}

// npm's ws compresses with zlib.
func TestNode(t *testing.T) { testProgram(t, "ws", "ws", traits{zlib: true, ownWindow: true}) }

// Python's websockets compresses with zlib, and its documentation says so.
func TestPython(t *testing.T) {
	testProgram(t, "websockets", "websockets", traits{zlib: true, ownWindow: true})
}

// Tornado compresses with zlib, and sends each message in one frame.
func TestTornado(t *testing.T) {
	testProgram(t, "tornado", "tornado", traits{noFragments: true, zlib: true})
}

// Jetty is the server that most programs in Java embed. Its only window is 32 KiB.
func TestJetty11(t *testing.T) { testProgram(t, "jetty11", "jetty11", traits{slow: true}) }
func TestJetty12(t *testing.T) { testProgram(t, "jetty12", "jetty12", traits{slow: true}) }

// Tyrus, of GlassFish, marks every fragment that it sends as compressed, so the tests
// ask it for none.
func TestTyrus(t *testing.T) {
	testProgram(t, "tyrus", "tyrus", traits{slow: true, noFragments: true})
}

// Netty has variable windows only with jzlib. By default, its handlers decline offers without
// takeover and refuse answers without takeover. It truncates large messages that jzlib cannot
// compress.
func TestNetty(t *testing.T) { testProgram(t, "netty", "netty-setup", traits{slow: true}) }

// Without jzlib, the only window of Netty is 32 KiB.
func TestNettyJDK(t *testing.T) { testProgram(t, "nettyjdk", "netty-jdk", traits{slow: true}) }

// Releases of Netty up to 4.1.118 agree to other windows without jzlib, too, and then
// send nothing.
func TestNetty118(t *testing.T) { testProgram(t, "netty118", "netty118", traits{slow: true}) }

// testProgram is testLibrary for a peer that is a program, which is slow to start.
func testProgram(t *testing.T, name, peerName string, traits traits) {
	t.Parallel()
	testLibrary(t, name, peerName, traits)
}

// testLibrary tests the rows of name with a peer of package peers.
func testLibrary(t *testing.T, name, peerName string, traits traits) {
	list, err := peers.Select([]string{peerName})
	if err != nil {
		t.Fatal(err)
	}
	cache, err := peers.DefaultCache()
	if err != nil {
		t.Fatal(err)
	}
	env := &peers.Env{Cache: cache}
	if !list[0].Installed(env) {
		const missing = "%s is not installed; doc.go has the command that installs it"
		if required() {
			t.Fatalf("HAWSER_INTEROP=require: "+missing, peerName)
		}
		t.Skipf(missing, peerName)
	}
	testPeer(t, name, traits, func() peer { return &library{Peer: list[0], env: env} })
}

// required reports whether every peer must be installed and every row is tested.
func required() bool { return os.Getenv("HAWSER_INTEROP") == "require" }

// A library is a peer of package peers.
type library struct {
	*peers.Peer
	env      *peers.Env
	exchange *peers.Exchange
}

func (l *library) start(ctx context.Context, t *testing.T, s peers.Setup) {
	t.Helper()
	var err error
	if l.exchange, err = l.Exchange(ctx, l.env, s); err != nil {
		t.Fatal(err)
	}
}

func (l *library) url() string { return l.exchange.URL }

func (l *library) stop() peers.Report { return l.exchange.Wait() }
