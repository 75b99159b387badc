// Package hawservet finds misuse of the packages websocket and wire in the programs that use them: code that
// compiles, and often passes its tests, but breaks a rule of their documentation.
//
// It has seven analyzers for the framework of golang.org/x/tools/go/analysis:
//
//   - [KeptPayload]: the bytes of a message are kept longer than they are valid.
//   - [LostConn]: a Conn of Accept or Dial is not closed.
//   - [DroppedErr]: the error of a write is dropped.
//   - [Insecure]: an option whose name begins with Insecure is set outside tests.
//   - [TwoReaders]: two goroutines read the same Conn.
//   - [OpenWriter]: a goroutine begins a message before it closes its own MessageWriter.
//   - [NeverRead]: a Conn is written but never read.
//
// The command cmd/hawservet runs them, alone or under go vet.
//
// # Limits
//
// An analyzer looks at one function and at the functions of the same package that it calls. If in doubt, it
// reports nothing. It needs no facts about other packages, so go vet need not analyze dependencies. The
// analyzers do not find:
//
//   - bytes that are kept by a function of another package, through an interface, or by a function that
//     stores them in a field, because the next call may replace them;
//   - a Conn that another package does not close, that is open because its Conn.ByteStream is not closed, or
//     that is closed only under a condition;
//   - an error that is dropped by a call through a method value or a variable, and the Close of a
//     MessageWriter that is a field or is never closed;
//   - an Insecure option that is set from a variable;
//   - a reader in a goroutine that a called function starts, a reader that is a net.Conn or a deferred call,
//     two readers in functions that do not call each other, and a read after any receive from a channel;
//   - a message that waits for a MessageWriter that another function opens or may close, or that is also
//     reached on a path without one;
//   - a Conn that is read for only a part of its lifetime, that is written only in a loop with a condition
//     that does not wait, or that is stored, returned, or passed to another package or a function value;
//   - a Conn in an interface or of a type parameter.
//
// # Exceptions
//
// A comment on the line of a finding, or on the line above it, allows it. It must give a reason. Without one,
// the finding is reported, with a note. A comment that is no longer needed is not reported.
//
//	//hawservet:allow insecure there are no users and no cookies here
package hawservet

import "golang.org/x/tools/go/analysis"

// Analyzers returns the analyzers of this package in a new slice.
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{KeptPayload, LostConn, DroppedErr, Insecure, TwoReaders, OpenWriter, NeverRead}
}

// about is the URL of the page that explains the rules. The name of a rule is its fragment.
const about = "https://github.com/hawser-ws/hawser/tree/main/compliance/hawservet#"
