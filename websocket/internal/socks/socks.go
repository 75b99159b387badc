// Package socks implements the client of SOCKS5 (RFC 1928) with passwords (RFC 1929).
package socks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// The codes of the two RFCs.
const (
	version5        = 5
	noAuth          = 0
	passwordAuth    = 2
	passwordVersion = 1
	commandConnect  = 1
	kindIPv4        = 1
	kindName        = 3
	kindIPv6        = 4
)

// replies are the errors of RFC 1928, section 6, from code 1 on.
var replies = [...]string{
	"general failure", "not allowed by its rules", "network unreachable",
	"host unreachable", "connection refused", "TTL expired",
	"command not supported", "address type not supported",
}

// Connect asks the SOCKS5 proxy at the other end of nc for a connection to server, which is
// host:port. The proxy resolves names. user is the userinfo of the proxy's URL, or nil.
func Connect(nc net.Conn, user *url.Userinfo, server string) error {
	methods := []byte{version5, 1, noAuth}
	if user != nil {
		methods = []byte{version5, 2, noAuth, passwordAuth}
	}
	if _, err := nc.Write(methods); err != nil {
		return err
	}
	var chosen [2]byte
	if _, err := io.ReadFull(nc, chosen[:]); err != nil {
		return err
	}
	switch {
	case chosen[0] != version5:
		return fmt.Errorf("proxy uses SOCKS version %d", chosen[0])
	case chosen[1] == passwordAuth && user != nil:
		if err := login(nc, user); err != nil {
			return err
		}
	case chosen[1] != noAuth:
		return errors.New("proxy offers no supported authentication method")
	}
	request, err := appendAddr([]byte{version5, commandConnect, 0}, server)
	if err != nil {
		return err
	}
	if _, err := nc.Write(request); err != nil {
		return err
	}
	return readReply(nc)
}

// login sends the userinfo of the proxy's URL (RFC 1929, section 2).
func login(nc net.Conn, user *url.Userinfo) error {
	name := user.Username()
	password, _ := user.Password()
	if name == "" || len(name) > 255 || len(password) > 255 {
		return errors.New("user name must have 1 to 255 bytes, and the password at most 255")
	}
	b := append([]byte{passwordVersion, byte(len(name))}, name...)
	b = append(append(b, byte(len(password))), password...)
	if _, err := nc.Write(b); err != nil {
		return err
	}
	var status [2]byte
	if _, err := io.ReadFull(nc, status[:]); err != nil {
		return err
	}
	if status[1] != 0 {
		return errors.New("proxy refused the user name and password")
	}
	return nil
}

// appendAddr appends address type, address and port (RFC 1928, section 4).
func appendAddr(b []byte, server string) ([]byte, error) {
	host, portText, err := net.SplitHostPort(server)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %s: %w", portText, err)
	}
	if ip, err := netip.ParseAddr(host); err != nil {
		if len(host) > 255 {
			return nil, errors.New("name of the server is longer than 255 bytes")
		}
		b = append(b, kindName, byte(len(host)))
		b = append(b, host...)
	} else {
		kind := byte(kindIPv6)
		if ip.Is4() {
			kind = kindIPv4
		}
		b = append(append(b, kind), ip.AsSlice()...)
	}
	return append(b, byte(port>>8), byte(port)), nil
}

// readReply reads the reply to a request (RFC 1928, section 6), and nothing beyond it.
func readReply(nc net.Conn) error {
	var b [255 + 2]byte
	if _, err := io.ReadFull(nc, b[:4]); err != nil {
		return err
	}
	version, code, kind := b[0], int(b[1]), b[3]
	switch {
	case version != version5:
		return errors.New("malformed reply from proxy")
	case code > len(replies):
		return fmt.Errorf("proxy replied with code %d", code)
	case code != 0:
		return fmt.Errorf("proxy replied: %s", replies[code-1])
	}
	// The address from which the proxy connects. It is not used, but must be read.
	size := 0
	switch kind {
	case kindIPv4:
		size = 4
	case kindIPv6:
		size = 16
	case kindName:
		if _, err := io.ReadFull(nc, b[:1]); err != nil {
			return err
		}
		size = int(b[0])
	default:
		return errors.New("malformed reply from proxy")
	}
	_, err := io.ReadFull(nc, b[:size+2])
	return err
}
