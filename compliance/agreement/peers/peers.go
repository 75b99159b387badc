// Package peers runs WebSocket libraries that are not ours as the tested side of
// a conformance suite: as echo servers, and as clients of a fuzzing server. The module
// compliance/interop runs some of them with settings for permessage-deflate.
//
// The Go libraries run in this process. The libraries in other languages run as short
// programs of ours, kept below files, in processes that end with this one. Install puts
// their dependencies into a cache directory once, with every version pinned, by the
// clients of the package registries: npm, pip, Maven and cargo.
//
// All of them listen on and connect to loopback only.
package peers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// maxMessage is the size up to which the peers take messages, in bytes. The
// largest of Autobahn's has 16 MiB.
const maxMessage = 32 << 20

// A Peer is one library in one configuration.
type Peer struct {
	Name    string // short and fit for a file's name, such as "gorilla"
	Library string // the import path of a Go library
	Version string // of the library; "" for a program found on the machine, such as a browser

	// Install makes the peer ready to run and returns its version. It does
	// nothing if that was done before; nil if there is nothing to be done. Env
	// says where.
	Install func(ctx context.Context, env *Env) (version string, err error)
	// Serve starts an echo server that ends with ctx, and returns its URL and a
	// function that waits for the end. Nil if the library has no server.
	Serve func(ctx context.Context, env *Env) (*Server, error)
	// Drive has the library's client run all cases of a fuzzing server at base,
	// a ws URL without a path, and ask for its reports. Nil if the library has
	// no client, or none that is compared.
	Drive func(ctx context.Context, env *Env, base, agent string) error
	// Exchange starts the peer with one connection, in either role, which ends with ctx.
	// Nil if compliance/interop does not run the peer.
	Exchange func(ctx context.Context, env *Env, s Setup) (*Exchange, error)

	installed func(env *Env) bool // nil for a Go library
}

// Installed reports whether the peer can run without a call of Install.
func (p *Peer) Installed(env *Env) bool { return p.installed == nil || p.installed(env) }

// Agent names the peer in reports, with its version.
func (p *Peer) Agent() string { return p.Name + " " + p.Version }

// Go reports whether the peer is a Go library, which needs nothing installed.
func (p *Peer) Go() bool { return p.Install == nil }

// Env is what peers need of the machine.
type Env struct {
	Cache string       // directory for what is installed; see DefaultCache
	Logf  func(string) // takes a line of what a peer prints; nil for none
}

func (e *Env) log(line string) {
	if e.Logf != nil {
		e.Logf(line)
	}
}

// Server is a running echo server.
type Server struct {
	URL string
	// Done is closed when the server has ended.
	Done <-chan struct{}
}

// All returns every peer, in the order of the table.
func All() []*Peer {
	list := slices.Concat([]*Peer{gorilla, coder, gobwas, gws, fasthttpPeer, xnet}, programs, []*Peer{chromium})
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

// Select returns the peers of these names, all if there is no name.
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
		return nil, fmt.Errorf("there is no peer %q", name)
	}
	return out, nil
}

// moduleVersion returns the version of the module that holds a package.
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

// errNoURL is a server that ended before it said where it listens.
var errNoURL = errors.New("the server ended before it listened")
