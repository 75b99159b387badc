package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/hawser-ws/hawser/compliance/internal/selfsigned"
)

// listenFlags determine where a server of wscheck listens.
type listenFlags struct {
	url       string
	cert, key string
	tls       *tls.Config // set by listen at a wss URL
}

func (l *listenFlags) declare(fs *flag.FlagSet) {
	l.url = "ws://127.0.0.1:9001"
	fs.StringVar(&l.cert, "cert", "", "`FILE` with the PEM certificate for wss (default: a generated one)")
	fs.StringVar(&l.key, "key", "", "`FILE` with the PEM key for -cert")
}

// argument sets the URL from the arguments, if they have one.
func (l *listenFlags) argument(args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("unexpected argument %q; want one URL", args[1])
	}
	if len(args) == 1 {
		l.url = args[0]
	}
	return nil
}

// listen returns a listener and its URL.
func (l *listenFlags) listen() (net.Listener, string, error) {
	u, err := url.Parse(l.url)
	if err != nil || !isServerURL(u) {
		return nil, "", fmt.Errorf("cannot listen at %q; want a URL such as ws://127.0.0.1:9001, "+
			"wss://127.0.0.1:9001 or ws+unix:///path/of.sock", l.url)
	}
	secure := strings.HasPrefix(u.Scheme, "wss")
	var certificate tls.Certificate
	if secure {
		if certificate, err = l.certificate(); err != nil {
			return nil, "", err
		}
	}
	network, addr := address(u)
	ln, err := net.Listen(network, addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, "", fmt.Errorf("another program is listening at %s (%w)", l.url, syscall.EADDRINUSE)
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot listen at %s: %w", l.url, err)
	}
	if network == "tcp" {
		u.Host = ln.Addr().String()
	}
	if secure {
		l.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}}
		ln = tls.NewListener(ln, l.tls)
	}
	return ln, strings.TrimSuffix(u.String(), "/"), nil
}

// isServerURL reports whether u is a URL to listen at or to connect to.
func isServerURL(u *url.URL) bool {
	scheme, unix := strings.CutSuffix(u.Scheme, "+unix")
	if scheme != "ws" && scheme != "wss" {
		return false
	}
	if unix {
		_, addr := address(u)
		return u.Host == "" && strings.Trim(addr, "/") != ""
	}
	return u.Hostname() != ""
}

// address returns the network and address of a URL for package net.
func address(u *url.URL) (network, addr string) {
	switch {
	case strings.HasSuffix(u.Scheme, "+unix"):
		path, _, _ := strings.Cut(u.Path, ":")
		return "unix", path
	case u.Port() != "":
		return "tcp", u.Host
	case u.Scheme == "wss":
		return "tcp", net.JoinHostPort(u.Hostname(), "443")
	}
	return "tcp", net.JoinHostPort(u.Hostname(), "80")
}

func (l *listenFlags) certificate() (tls.Certificate, error) {
	if (l.cert == "") != (l.key == "") {
		return tls.Certificate{}, errors.New("-cert and -key must be set together")
	}
	if l.cert == "" {
		return selfsigned.New()
	}
	c, err := tls.LoadX509KeyPair(l.cert, l.key)
	if err != nil {
		err = fmt.Errorf("-cert and -key: %w", err)
	}
	return c, err
}
