package broken

import (
	"fmt"
	"slices"
)

// Role says on which side of a connection a defect can be.
type Role int

// The roles.
const (
	ServerRole Role = 1 << iota
	ClientRole
	BothRoles = ServerRole | ClientRole
)

// RoleOf returns the role of that name, server or client.
func RoleOf(name string) Role {
	if name == "client" {
		return ClientRole
	}
	return ServerRole
}

func (r Role) String() string {
	return [...]string{"nobody", "server", "client", "both"}[r]
}

// A Defect is one thing done wrong.
type Defect struct {
	Name  string   // for [Server] and [Client]; it also marks the place in the source
	What  string   // what the peer does
	Roles Role     // who can have it
	Cases []string // patterns of the cases of Autobahn that have a chance to tell
	// Letters are the ids of cases beyond the original's that tell, one for each role
	// at least, where the original does not.
	Letters []string
}

// The cases with which the original suite is asked.
var (
	// framing is all of groups 1 to 7 and 10; some takes the same rules in fewer
	// cases, for what spoils nearly all of them or makes them wait.
	framing = []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"}
	some    = []string{"1.1.1", "1.1.2", "1.2.2", "2.2", "2.10", "3.2", "4.1.3", "5.3", "5.15", "5.19",
		"6.1.*", "6.2.*", "7.1.*", "7.3.*", "7.7.1"}
	closing = append([]string{"2.5", "3.*", "4.*", "5.9", "6.3.1", "7.*"}, some...)
	texts   = append([]string{"6.*", "7.*"}, some...)
	large   = append([]string{"9.1.1", "9.1.2", "9.1.4", "9.2.1", "9.3.9", "9.4.9", "9.5.6", "9.7.6"},
		framing...)
	// packed has a case or two of each offer and payload, with short messages.
	packed = []string{"1.1.2", "2.2", "5.3", "12.1.1", "12.1.3", "12.2.3", "12.3.3", "12.4.3", "12.5.3",
		"12.1.11",
		"13.1.3", "13.2.3", "13.3.3", "13.3.5", "13.4.3", "13.5.3", "13.6.3", "13.7.3"}
	// offers has some offers.
	offers = []string{"1.1.2", "2.2", "12.1.1", "12.4.3", "13.3.3", "13.6.3", "13.7.3"}
	// opening is for what happens before any case has begun.
	opening = []string{"1.1.1", "2.2", "7.1.1", "12.1.1"}
)

// ClientCases are those with which clients are asked beside the ones in which the
// server's verdict differs.
func ClientCases() []string { return slices.Clone(some) }

// check says whether a side can have a defect. No defect is fine.
func check(name string, r Role) error {
	if name == "" {
		return nil
	}
	for _, d := range Defects() {
		if d.Name == name && d.Roles&r != 0 {
			return nil
		}
	}
	return fmt.Errorf("broken: there is no defect %q of a %v", name, r)
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
