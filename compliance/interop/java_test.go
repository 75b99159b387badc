package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Jetty, as most servers in Java embed it, and its client. It has no windows but 32 KiB.
func TestJetty11(t *testing.T) { testJava(t, "jetty11", "jetty11", traits{}) }
func TestJetty12(t *testing.T) { testJava(t, "jetty12", "jetty12", traits{}) }

// Eclipse Tyrus, of GlassFish. It marks every fragment that it sends as compressed, so
// it is asked for none.
func TestTyrus(t *testing.T) {
	testJava(t, "tyrus", "tyrus", traits{noFragments: true})
}

// Netty sizes windows with jzlib alone. Its handlers refuse, by default, what would do
// without takeover. A large message that jzlib cannot compress it cuts off.
func TestNetty(t *testing.T) { testJava(t, "netty", "netty-setup", traits{}) }

// Without jzlib it has no windows but 32 KiB.
func TestNettyJDK(t *testing.T) { testJava(t, "nettyjdk", "netty-setup", traits{}, "jzlib") }

// Releases up to 4.1.118 agree to other windows without jzlib too, and send nothing.
func TestNetty118(t *testing.T) { testJava(t, "netty118", "netty118", traits{}) }

// testJava tests a peer of agreement/peers in Java, with its jars but those whose names
// begin with one of without.
func testJava(t *testing.T, name, installedAs string, traits traits, without ...string) {
	t.Parallel()
	traits.slow = true
	argv := slices.Clone(installed(t, installedAs))
	jars := &argv[len(argv)-2] // the class path is before the class
	*jars = strings.Join(slices.DeleteFunc(filepath.SplitList(*jars), func(jar string) bool {
		return slices.ContainsFunc(without, func(prefix string) bool {
			return strings.HasPrefix(filepath.Base(jar), prefix)
		})
	}), string(os.PathListSeparator))
	testPeer(t, name, traits, func() peer { return &program{argv: argv} })
}
