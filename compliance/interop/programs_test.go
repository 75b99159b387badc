package interop

import (
	"os"
	"path/filepath"
	"testing"
)

// npm's ws. Its windows are zlib's.
func TestNode(t *testing.T) {
	t.Parallel()
	node := find(t, "node", "nodejs")
	modules := filepath.Join(cacheDir(t), "node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "ws", "package.json")); err != nil {
		missing(t, "npm's ws is not installed: %v", err)
	}
	testPeer(t, "ws", traits{zlib: true, ownWindow: true}, func() peer {
		return &program{argv: []string{node, "peers/ws.js"}, env: []string{"NODE_PATH=" + modules}}
	})
}

// Python's websockets. Its windows are zlib's, and it says so.
func TestPython(t *testing.T) {
	t.Parallel()
	python := filepath.Join(cacheDir(t), "python", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		missing(t, "python's websockets is not installed: %v", err)
	}
	testPeer(t, "websockets", traits{zlib: true, ownWindow: true}, func() peer {
		return &program{argv: []string{python, "peers/websockets_peer.py"}}
	})
}

// Tornado sends messages in one frame each. Its windows are zlib's.
func TestTornado(t *testing.T) {
	t.Parallel()
	python := filepath.Join(cacheDir(t), "python", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		missing(t, "Tornado is not installed: %v", err)
	}
	testPeer(t, "tornado", traits{noFragments: true, zlib: true}, func() peer {
		return &program{argv: []string{python, "peers/tornado_peer.py"}}
	})
}
