//go:build !unix

package peers

import "os/exec"

// ownGroup does nothing here: only the command itself ends with its context.
func ownGroup(*exec.Cmd) {}
