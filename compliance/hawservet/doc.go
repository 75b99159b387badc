// Package hawservet finds misuse of hawser's packages websocket and wire in the
// programs that use them: what compiles, and often passes its tests, but breaks a
// rule that stands in their documentation.
//
// There are six analyzers, for the framework of golang.org/x/tools/go/analysis:
//
//   - [KeptPayload]: the bytes of a message are kept for longer than they are lent.
//   - [LostConn]: a Conn of Accept or Dial is left without a Close.
//   - [DroppedErr]: nobody looks at the error of a write.
//   - [Insecure]: an option whose name begins with Insecure is set outside tests.
//   - [TwoReaders]: two goroutines read one Conn.
//   - [OpenWriter]: a message is begun before the goroutine's own MessageWriter is closed.
//
// The command cmd/hawservet runs them, by itself or under go vet.
//
// # What is not said
//
// An alarm is only given for what can be seen within one function and those of the
// same package that it calls, and where in doubt none is given. No analyzer needs
// facts about other packages, so that go vet need not look at dependencies. Not
// found are, of all that is wrong:
//
//   - bytes that a function of another package keeps, one behind an interface, or one
//     that stores them in a field (the next call may replace them there);
//   - a Conn that another package forgets, that a net.Conn of Conn.ByteStream leaves
//     open, or whose only Close hangs on a condition;
//   - a dropped error that went through a method value or a variable, and the Close
//     of a MessageWriter that is a field, or that is nowhere called;
//   - an Insecure option that a variable sets, whatever its value;
//   - a reader that a called function starts on a goroutine, one that a net.Conn or a
//     deferred call is, two in functions that do not call one another, and a read
//     behind any receive from a channel;
//   - a message that waits for a MessageWriter which another function has opened or may
//     close, or that is reached on another path without one;
//   - a Conn behind an interface or a type parameter.
//
// # Decisions
//
// A comment on the line of a finding, or on the line above, says that it is meant;
// there must be a reason, or the alarm is given all the same and says so. A comment
// that allows what is not there does nothing.
//
//	//hawservet:allow insecure there is no user and no cookie here
package hawservet

import "golang.org/x/tools/go/analysis"

// Analyzers returns all analyzers of this package, in a new slice.
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{KeptPayload, LostConn, DroppedErr, Insecure, TwoReaders, OpenWriter}
}

// about is the page that explains the rules, each under its name.
const about = "https://github.com/hawser-ws/hawser/tree/main/compliance/hawservet#"
