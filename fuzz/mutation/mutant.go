package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"
)

// An outcome is the result of planting a fault.
type outcome string

const (
	noticed    outcome = "noticed"     // a test failed, hung or used too much memory
	survived   outcome = "survived"    // every test that reaches it passes
	notCovered outcome = "not covered" // no test reaches it
	noBuild    outcome = "no build"    // it does not compile
)

// A mutant is a fault: the replacement of some bytes of a file.
type mutant struct {
	File    string  `json:"file"` // base name
	Line    int     `json:"line"`
	Column  int     `json:"column"`
	Func    string  `json:"func,omitempty"` // "F" or "T.F"; "" at package level
	Kind    string  `json:"kind"`
	Change  string  `json:"change"`
	Code    string  `json:"code"` // the text of the line
	Outcome outcome `json:"outcome"`
	By      string  `json:"by,omitempty"`    // the test that noticed it, or "timeout"
	Known   string  `json:"known,omitempty"` // why it cannot be noticed

	id         int // from 1, unique within the package
	source     *source
	decl       *ast.FuncDecl // nil at package level
	start, end int           // byte offsets in the source
	text       string        // the replacement
}

// key identifies the fault without line numbers, so that it stays the same when other lines of the file
// change.
func (m *mutant) key() string {
	return strings.Join([]string{m.File, m.Func, m.Code, m.Change}, "\n")
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", m.File, m.Line, m.Kind, m.Change)
}

// A source is a Go file of the target.
type source struct {
	path string
	data []byte
	file *ast.File
	tok  *token.File
}

func (s *source) base() string { return filepath.Base(s.path) }

func (s *source) offset(p token.Pos) int { return s.tok.Offset(p) }

// slice returns the source between two positions.
func (s *source) slice(from, to token.Pos) string {
	return string(s.data[s.offset(from):s.offset(to)])
}

// node returns the source of a node on one line, shortened for a report.
func (s *source) node(n ast.Node) string {
	text := strings.Join(strings.Fields(s.slice(n.Pos(), n.End())), " ")
	if r := []rune(text); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return text
}

// line returns a line of the source without leading and trailing space.
func (s *source) line(n int) string {
	lines := strings.Split(string(s.data), "\n")
	return strings.TrimSpace(lines[n-1])
}

// funcName returns the name of a function as reports show it: F, or T.F for a method of T or *T.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + d.Name.Name
		default:
			return d.Name.Name
		}
	}
}
