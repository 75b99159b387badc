// Package bench compares hawser with other libraries by the CPU time that a message costs on the server,
// and by the delay of broadcasts. It has only benchmarks and tests; cmd/wsbench is a command that compares echo
// servers. README.md explains how to run them, and has figures. The package is its own module, so that no other
// module depends on the other libraries.
package bench
