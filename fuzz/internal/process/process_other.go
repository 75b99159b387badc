//go:build !unix

// Package process ends commands together with the processes that they start.
package process

import "os/exec"

// Group does nothing: this system has no process groups, so only cmd itself is killed.
func Group(cmd *exec.Cmd) {}

// Kill kills cmd, but not the processes that it started.
func Kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }

// LimitMemory does nothing on this system.
func LimitMemory(cmd *exec.Cmd, mib int) {}
