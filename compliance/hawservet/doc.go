// Package hawservet finds misuse of hawser's packages websocket and wire in the
// programs that use them: what compiles, and often passes its tests, but breaks a
// rule that stands in their documentation.
//
// There are five analyzers, for the framework of golang.org/x/tools/go/analysis:
//
//   - [KeptPayload]: the bytes of a message are kept for longer than they are lent.
//   - [LostConn]: a Conn of Accept or Dial is left without a Close.
//   - [DroppedErr]: nobody looks at the error of a write.
//   - [Insecure]: an option whose name begins with Insecure is set outside tests.
//   - [TwoReaders]: two goroutines read one Conn.
//
// The command cmd/hawservet runs them, by itself or under go vet.
//
// # What is not said
//
// An alarm is only given for what can be seen within one function, and where in
// doubt none is given. A function that keeps what its caller lends it, a Conn that
// is passed on and then forgotten, or two methods that both read a field are not
// found. No analyzer needs facts about other packages, so that go vet need not look
// at dependencies.
//
// # Decisions
//
// A comment on the line of a finding, or on the line above, says that it is meant;
// there must be a reason:
//
//	//hawservet:allow insecure there is no user and no cookie here
package hawservet

import "golang.org/x/tools/go/analysis"

// Analyzers returns all analyzers of this package, in a new slice.
func Analyzers() []*analysis.Analyzer {
	return []*analysis.Analyzer{KeptPayload, LostConn, DroppedErr, Insecure, TwoReaders}
}

// about is the page that explains the rules, each under its name.
const about = "https://github.com/hawser-ws/hawser/tree/main/compliance/hawservet#"
