// Command hawservet finds misuse of the packages websocket and wire in Go programs: payloads that are kept
// too long, connections that are not closed, errors of writes that are dropped, checks that are turned off,
// connections with two readers or none, and messages that wait for an open writer of their own goroutine.
//
//	hawservet ./...                               # alone
//	go vet -vettool="$(which hawservet)" ./...    # under go vet, which caches results
//
// The command hawservet help lists the analyzers. Each has a flag of its name: -keptpayload runs only that
// one, and -droppederr=false runs all but that one. -fix applies the suggested fixes. The exit status is 0 if
// there are no findings, and always 0 with -json.
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/hawser-ws/hawser/compliance/hawservet"
)

func main() {
	multichecker.Main(hawservet.Analyzers()...) // supports the protocol of go vet, too
}
