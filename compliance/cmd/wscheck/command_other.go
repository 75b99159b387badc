//go:build !unix

package main

import "os/exec"

// shell is a command of the shell.
func shell(command string) *exec.Cmd { return exec.Command("cmd", "/c", command) }

// terminate cannot ask.
func terminate(c *exec.Cmd) { kill(c) }

// kill ends the shell. There are no groups here, so what it has started may go on.
func kill(c *exec.Cmd) { _ = c.Process.Kill() }
