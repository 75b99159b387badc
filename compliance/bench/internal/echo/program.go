package echo

import (
	_ "embed"
	"strings"
)

//go:embed gobwas.go
var gobwasSource string

const gobwasMain = `package main

import (
	"fmt"
	"net"
	"os"
)

const maxMessage = 16 << 20

type Options struct{}

func serveConns(ln net.Listener, serve func(net.Conn)) error {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go serve(nc)
	}
}

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(ln.Addr())
		err = serveGobwas(ln, Options{})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
`

// GobwasProgram returns the files of a program that is the server gobwas with another version of the library:
// one that needs a later Go than this module.
func GobwasProgram(version string) map[string]string {
	return map[string]string{
		"go.mod":    "module echo\n\ngo 1.26\n\nrequire github.com/gobwas/ws v" + version + "\n",
		"gobwas.go": strings.Replace(gobwasSource, "package echo", "package main", 1),
		"main.go":   gobwasMain,
	}
}
