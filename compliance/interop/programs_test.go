package interop

import (
	"testing"
)

// npm's ws. Its windows are zlib's.
func TestNode(t *testing.T) { testProgram(t, "ws", traits{zlib: true, ownWindow: true}) }

// Python's websockets. Its windows are zlib's, and it says so.
func TestPython(t *testing.T) { testProgram(t, "websockets", traits{zlib: true, ownWindow: true}) }

// Tornado sends messages in one frame each. Its windows are zlib's.
func TestTornado(t *testing.T) { testProgram(t, "tornado", traits{noFragments: true, zlib: true}) }

// testProgram tests a peer of agreement/peers that is a program.
func testProgram(t *testing.T, name string, traits traits) {
	t.Parallel()
	argv := installed(t, name)
	testPeer(t, name, traits, func() peer { return &program{argv: argv} })
}
