package interop

import (
	"os"
	"path/filepath"
	"testing"
)

// npm's ws. Its windows are zlib's.
func TestNode(t *testing.T) {
	node := find(t, "node", "nodejs")
	modules := filepath.Join(cacheDir(t), "node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "ws", "package.json")); err != nil {
		missing(t, "npm's ws is not installed: %v", err)
	}
	testPeer(t, "ws", traits{zlib: true}, func() peer {
		return &program{argv: []string{node, "peers/ws.js"}, env: []string{"NODE_PATH=" + modules}}
	})
}

// Python's websockets. Its windows are zlib's, and it says so.
func TestPython(t *testing.T) {
	python := filepath.Join(cacheDir(t), "python", "bin", "python")
	if _, err := os.Stat(python); err != nil {
		missing(t, "python's websockets is not installed: %v", err)
	}
	testPeer(t, "websockets", traits{zlib: true}, func() peer {
		return &program{argv: []string{python, "peers/websockets_peer.py"}}
	})
}
