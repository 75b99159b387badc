// Package peers runs WebSocket libraries of other projects. For the command agreement, a peer
// is an echo server, or a client of a fuzzing server. For the module compliance/interop, a peer
// makes a single connection with given settings of permessage-deflate.
//
// Go libraries run in this process. Libraries in other languages run as short programs,
// which are in the directory files. Their processes end with this one. Install installs
// their dependencies into a cache directory with npm, pip, Maven or cargo, and every version
// is pinned.
//
// All peers listen on loopback and connect to loopback only.
package peers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// maxMessage is the largest message that the peers accept, in bytes. Autobahn's largest
// message has 16 MiB.
const maxMessage = 32 << 20

// A Peer is one library in one configuration. Serve, Drive and Exchange are nil if the peer
// does not run in that way.
type Peer struct {
	Name    string // a short name such as "gorilla", which can be part of a file name
	Library string // the import path of a Go library
	Version string // of the library; "" for a browser until it is installed

	// Install installs the peer, if necessary, and returns its version. It is nil for a Go
	// library.
	Install func(ctx context.Context, env *Env) (version string, err error)
	// Serve starts an echo server, which ends with ctx.
	Serve func(ctx context.Context, env *Env) (*Server, error)
	// Drive runs all cases of a fuzzing server with the client of the library, and requests
	// the reports. The base is the ws URL of the server, without a path.
	Drive func(ctx context.Context, env *Env, base, agent string) error
	// Exchange starts the peer with one connection, which ends with ctx.
	Exchange func(ctx context.Context, env *Env, s Setup) (*Exchange, error)

	installed func(env *Env) bool // nil for a Go library
}

// Installed reports whether the peer can run without Install.
func (p *Peer) Installed(env *Env) bool { return p.installed == nil || p.installed(env) }

// Agent returns the name of the peer in reports, which includes its version.
func (p *Peer) Agent() string { return p.Name + " " + p.Version }

// Go reports whether the peer is a Go library, which needs no Install.
func (p *Peer) Go() bool { return p.Install == nil }

// Env describes the machine to the peers.
type Env struct {
	Cache string       // the directory for installed peers; see DefaultCache
	Log   func(string) // called with each line that a peer prints, if not nil
}

func (e *Env) log(line string) {
	if e.Log != nil {
		e.Log(line)
	}
}

// Server is a running echo server.
type Server struct {
	URL string
	// Done is closed when the server has ended.
	Done <-chan struct{}
}

// All returns all peers, in the order of the table in the README of agreement.
func All() []*Peer {
	libraries := []*Peer{gorilla, coder, gobwas, gws, fasthttpPeer, xnet}
	list := slices.Concat(libraries, programs, []*Peer{chromium})
	out := make([]*Peer, len(list))
	for i, p := range list {
		c := *p
		if c.Go() {
			c.Version = moduleVersion(c.Library)
		}
		out[i] = &c
	}
	return out
}

// Select returns the peers with these names, or all peers if there are no names.
func Select(names []string) ([]*Peer, error) {
	all := All()
	if len(names) == 0 {
		return all, nil
	}
	var out []*Peer
next:
	for _, name := range names {
		for _, p := range all {
			if p.Name == name {
				out = append(out, p)
				continue next
			}
		}
		return nil, fmt.Errorf("%q is not the name of a peer", name)
	}
	return out, nil
}

// moduleVersion returns the version of the module of a package.
func moduleVersion(library string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == library || len(library) > len(m.Path) && library[:len(m.Path)+1] == m.Path+"/" {
			return m.Version
		}
	}
	return ""
}

// errNoURL is the error of a server that has ended without printing its address.
var errNoURL = errors.New("the server ended before it listened")
