// Package judges puts the same octets before this project's parsers and those of
// other libraries, and compares what each makes of them: the messages that it
// delivers, how it ends, and the close code that it sends; of a request for an opening
// handshake, whether it is accepted.
//
// Where they differ, a row of a table must say so: which library, what it does, and
// the sentence of the RFC that settles who is right. A difference without a row fails,
// and so does a row that no seed exercises, so that the table says what is so, and no
// more. The rows are what users of those libraries meet when they change over.
//
// All of it is tests:
//
//	go test ./fuzz/judges                           all seeds
//	go test -fuzz '^FuzzJudges$' ./fuzz/judges      and what is made from them
//
// The libraries are a dependency of this module only. Each is driven by its public
// functions over a connection in memory, as a server and as a client. The fork of
// gorilla/websocket for fasthttp has the same parser, and is left out.
package judges
