package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Jetty, as most servers in Java embed it, and its client. It has no windows but 32 KiB.
func TestJetty11(t *testing.T) { testJava(t, "jetty11", "jetty11", "Jetty11", traits{}) }
func TestJetty12(t *testing.T) { testJava(t, "jetty12", "jetty12", "Jetty12", traits{}) }

// Eclipse Tyrus, of GlassFish. It marks every fragment that it sends as compressed, so
// it is asked for none.
func TestTyrus(t *testing.T) {
	testJava(t, "tyrus", "tyrus", "Tyrus", traits{noFragments: true})
}

// Netty sizes windows with jzlib alone. Its handlers refuse, by default, what would do
// without takeover. A large message that jzlib cannot compress it cuts off.
func TestNetty(t *testing.T) { testJava(t, "netty", "netty", "Netty", traits{}) }

// Without jzlib it has no windows but 32 KiB.
func TestNettyJDK(t *testing.T) { testJava(t, "nettyjdk", "netty", "Netty", traits{}, "jzlib") }

// Releases up to 4.1.118 agree to other windows without jzlib too, and send nothing.
func TestNetty118(t *testing.T) { testJava(t, "netty118", "netty118", "Netty", traits{}) }

// testJava tests a program in Java, with the jars of a directory of peers/install, but
// one that has a name that begins with without.
func testJava(t *testing.T, name, dir, class string, traits traits, without ...string) {
	t.Parallel()
	traits.slow = true
	java := find(t, "java")
	dir = filepath.Join(cacheDir(t), "java", dir)
	path, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil || len(path) == 0 {
		missing(t, "%s is not installed", name)
	}
	path = slices.DeleteFunc(path, func(jar string) bool {
		return slices.ContainsFunc(without, func(prefix string) bool {
			return strings.HasPrefix(filepath.Base(jar), prefix)
		})
	})
	path = append(path, filepath.Join(dir, "classes"))
	argv := []string{
		java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", // starts soonest
		"-cp", strings.Join(path, string(os.PathListSeparator)), class,
	}
	testPeer(t, name, traits, func() peer { return &program{argv: argv} })
}
