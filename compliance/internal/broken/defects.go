package broken

import (
	"fmt"
	"slices"
)

// A Role is a set of the two sides of a connection.
type Role int

// Roles.
const (
	ServerRole Role = 1 << iota
	ClientRole
	BothRoles = ServerRole | ClientRole
)

// RoleOf returns the role with a name, "server" or "client".
func RoleOf(name string) Role {
	if name == "client" {
		return ClientRole
	}
	return ServerRole
}

func (r Role) String() string {
	return [...]string{"none", "server", "client", "both"}[r]
}

// A Defect is a violation of a single requirement.
type Defect struct {
	Name  string   // for [Server] and [Client], and in the code of the defect
	What  string   // what the peer does
	Roles Role     // the sides that can have it
	Cases []string // patterns of Autobahn's cases that might detect it
	// Letters are the ids of cases in the letter groups that detect the defect. If no
	// case of Autobahn does, there is at least one for each role.
	Letters []string
}

// Patterns of the cases that the original suite runs.
var (
	// framing is all of groups 1 to 7 and 10. some covers the same rules with fewer cases,
	// for defects that affect nearly all cases or make them wait.
	framing = []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"}
	some    = []string{"1.1.1", "1.1.2", "1.2.2", "2.2", "2.10", "3.2", "4.1.3", "5.3", "5.15", "5.19",
		"6.1.*", "6.2.*", "7.1.*", "7.3.*", "7.7.1"}
	closing = append([]string{"2.5", "3.*", "4.*", "5.9", "6.3.1", "7.*"}, some...)
	texts   = append([]string{"6.*", "7.*"}, some...)
	large   = append([]string{"9.1.1", "9.1.2", "9.1.4", "9.2.1", "9.3.9", "9.4.9", "9.5.6", "9.7.6"},
		framing...)
	// packed has one or two cases of each offer and payload, with short messages.
	packed = []string{"1.1.2", "2.2", "5.3", "12.1.1", "12.1.3", "12.2.3", "12.3.3", "12.4.3", "12.5.3",
		"12.1.11",
		"13.1.3", "13.2.3", "13.3.3", "13.3.5", "13.4.3", "13.5.3", "13.6.3", "13.7.3"}
	// offers has a few offers of permessage-deflate.
	offers = []string{"1.1.2", "2.2", "12.1.1", "12.4.3", "13.3.3", "13.6.3", "13.7.3"}
	// opening is for defects that show before any case starts.
	opening = []string{"1.1.1", "2.2", "7.1.1", "12.1.1"}
)

// ClientCases returns patterns of the cases that clients run in addition to those in which the
// server's verdict differs.
func ClientCases() []string { return slices.Clone(some) }

// check returns an error unless a side can have the defect. An empty name is valid.
func check(name string, r Role) error {
	if name == "" {
		return nil
	}
	for _, d := range Defects() {
		if d.Name == name && d.Roles&r != 0 {
			return nil
		}
	}
	return fmt.Errorf("broken: no defect %q of a %v", name, r)
}

// Defects returns all defects.
func Defects() []Defect {
	var all []Defect
	for _, group := range [][]Defect{frameDefects, messageDefects, controlDefects, closeDefects, textDefects,
		deflateDefects, handshakeDefects, answerDefects} {
		all = append(all, group...)
	}
	return all
}
