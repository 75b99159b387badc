// Command hawservet finds misuse of hawser's packages in Go programs: payloads that
// are kept too long, connections that are not closed, errors of writes that nobody
// sees, checks that are turned off, connections with two readers, and messages that wait
// for a writer of their own goroutine.
//
//	hawservet ./...                               by itself
//	go vet -vettool="$(which hawservet)" ./...    under go vet, which caches results
//
// hawservet help lists the analyzers; each has a flag of its name, so that
// -keptpayload runs that one alone and -droppederr=false all but one. -fix applies
// the fixes. It exits with 0 if there is nothing to say, or with -json.
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/hawser-ws/hawser/compliance/hawservet"
)

func main() {
	multichecker.Main(hawservet.Analyzers()...) // speaks go vet's protocol too
}
