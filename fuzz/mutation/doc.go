// Mutation checks the tests of a package. It plants small bugs, called faults, one at a time, and reports
// those that no test notices.
//
//	go run ./fuzz/mutation wire                        # every fault; takes some minutes
//	go run ./fuzz/mutation -sample 150 websocket       # a random sample
//	go run ./fuzz/mutation -run '^decoder' wire        # only files whose names match
//	go run ./fuzz/mutation -min 90 wire                # exit status 1 below a score of 90 %
//
// The arguments are directories of packages. A fault must be noticed by the package's own tests or by
// those of the packages in its module that import it. The tests run with -short and GOWORK=off. Mutation
// does not change the working tree.
//
// # Faults
//
// The kinds of faults are
//
//   - negate: a comparison is negated;
//   - boundary: < becomes <=, and the like;
//   - check: the body of an if statement runs never or always, or a case of a switch is missing;
//   - remove: a call, an assignment or another statement is missing;
//   - logic: && becomes ||, or the reverse;
//   - error: a function returns nil instead of an error;
//   - arithmetic: an operator is replaced;
//   - constant: an integer is off by one;
//   - bool: true becomes false, or the reverse.
//
// The post statement of a for loop is never changed, because a test always notices an endless loop. Checks
// whose body is panic("BUG: …") are not changed either.
//
// # Speed
//
// Faults that do not compile are found by type checking, and are not counted. Many of the others share one
// test binary. Each of them is a changed copy of its function. The original function begins with a switch
// that calls the copy that an environment variable selects. Some faults are built one at a time instead:
// those in package-level declarations, those in functions that recover, and those whose tests fail if
// functions are not inlined, such as tests that count allocations. The coverage of each test is measured
// once. A fault is tried only with the tests that reach it, the fastest first. A run also counts as noticing
// the fault if it takes longer than four times its usual time plus 3 s, or needs more memory than -memory.
// If a run takes too long, the same tests run without the fault. If these are slow too, the machine is
// busy, and the run with the fault is repeated with three times the limit.
//
// # Faults that cannot be noticed
//
// Some faults do not change the behavior of the package. Those are listed, with the reason, in a file
// for each package in testdata/known, and are not counted. An entry is stale if a test notices its fault,
// or if the source no longer contains it. With -propose Mutation prints the survivors as such entries. A
// test, TestKnownFile, reports entries without a fault within seconds.
//
// # Alternatives
//
// Of the tools for mutation testing on the Go module proxy, go-gremlins v0.6.0 is maintained. It works on
// single tokens, so it can neither drop a check nor remove a statement. It also copies a module to another
// directory, where a replacement such as ../wire does not exist.
package main
