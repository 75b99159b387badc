// Package bench compares hawser with other libraries by the CPU time that a message costs on the server.
// It has only benchmarks and tests. README.md says how to run them, and has the figures of hawser's own
// modules. The package is its own module, so that no other module depends on the other libraries.
package bench
