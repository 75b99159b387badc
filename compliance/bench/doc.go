// Package bench measures hawser beside other libraries: each server in a process of
// its own, by the CPU time that a message costs there. It has benchmarks and tests
// only, in a module of its own, so that nobody else downloads the other libraries.
//
//	go test -run '^$' -bench Compressed -benchtime 20x .
//
// The servers take turns within a benchmark. Their figures can be compared within one
// run only: machines differ, and so does one machine from hour to hour.
package bench
