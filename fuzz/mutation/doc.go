// Mutation tries the tests: it plants one small fault after another in a package
// and reports those that no test notices.
//
//	go run ./fuzz/mutation wire                        # every fault: some minutes
//	go run ./fuzz/mutation -sample 150 websocket       # some, drawn by -seed
//	go run ./fuzz/mutation -run '^decoder' wire        # in some files
//	go run ./fuzz/mutation -min 90 wire                # fails below a score of 90 %
//
// An argument is the directory of a package. The tests that judge it are its own
// and those of the packages of its module that import it, run with -short and
// with GOWORK=off. The working tree is never touched.
//
// # Faults
//
// The kinds are: negate (a comparison turned round), boundary (< for <= and the
// like), check (an if that is never or always taken, a case that is missing),
// remove (a call, an assignment, a branch left out), logic (&& for ||), error (nil
// returned in place of an error), arithmetic (another operator), constant (an
// integer off by one) and bool (true for false). The step of a for loop is left
// alone, since a loop that stands still is always noticed, and so are checks
// that end in panic("BUG: …").
//
// # How it is fast
//
// Faults are type-checked first: one that would not compile is not counted. Many
// are then built into one test binary: each is a copy of its function, and the
// function begins with a switch to the copy that an environment variable names.
// What cannot be copied so (package-level declarations, functions that recover),
// and tests that fail once functions are no longer inlined, such as counts of
// allocations, are built one fault at a time. The coverage of each test is measured
// once, and a fault meets only the tests that reach it, the fastest first. A run
// that takes 3 s and four times its usual time counts as noticed, as does one that
// takes more memory than -memory. On a machine that is busy with other things, as a
// run of the same tests without the fault shows, it gets three times as long.
//
// # Faults that cannot be noticed
//
// testdata/known holds a file for each package with those faults that change
// nothing that anyone could see, each with the reason. They do not count. One that
// is noticed after all, or that is no longer there, is reported as stale. -propose
// prints the survivors in the form of that file.
//
// # Why not another tool
//
// Of the tools that the Go proxy has, go-gremlins v0.6.0 is maintained. It works
// token by token, so it can neither drop a check nor remove a statement, and it
// copies a module to another directory, where a replace of ../wire leads nowhere.
package main
