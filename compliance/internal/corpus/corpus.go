package corpus

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// Names of the files that Write writes.
const (
	streamsFile = "streams.txt"
	headsFile   = "heads.txt"
)

// A Corpus is the content of the two files.
type Corpus struct {
	Streams []Line // kinds are "client" or "server", then "plain" or "deflate"
	Heads   []Line // kinds are "request" and "response"
}

// A Line is a sequence of bytes of one kind, and the cases in which it was sent.
type Line struct {
	Cases []string
	Kind  string
	Data  []byte
}

// collect makes a corpus from the recordings of each of the cases.
func collect(cases []*suite.Case, made [][]*recording) *Corpus {
	streams, heads := table{}, table{}
	for i, c := range cases {
		for _, r := range made[i] {
			e := r.parts()
			form := " plain"
			if e.deflated {
				form = " deflate"
			}
			streams.add(c.ID, "client"+form, e.client)
			streams.add(c.ID, "server"+form, e.server)
			if len(e.request) <= maxHead && len(e.response) <= maxHead {
				if blank.Match(e.request) { // otherwise it is incomplete
					heads.add(c.ID, "request", e.request)
				}
				heads.add(c.ID, "response", e.response)
			}
		}
	}
	return &Corpus{streams.sorted(cases), heads.sorted(cases)}
}

// A table maps kind and bytes to a line.
type table map[string]*Line

func (t table) add(id, kind string, data []byte) {
	if len(data) == 0 {
		return
	}
	key := kind + " " + string(data)
	if t[key] == nil {
		t[key] = &Line{Kind: kind, Data: data}
	}
	if l := t[key]; !slices.Contains(l.Cases, id) {
		l.Cases = append(l.Cases, id)
	}
}

// sorted returns the lines in the order of their first cases, then by kind and bytes.
func (t table) sorted(cases []*suite.Case) []Line {
	place := map[string]int{}
	for i, c := range cases {
		place[c.ID] = i
	}
	var lines []Line
	for _, l := range t {
		lines = append(lines, *l)
	}
	slices.SortFunc(lines, func(a, b Line) int {
		if d := place[a.Cases[0]] - place[b.Cases[0]]; d != 0 {
			return d
		}
		if d := strings.Compare(a.Kind, b.Kind); d != 0 {
			return d
		}
		return bytes.Compare(a.Data, b.Data)
	})
	return lines
}

// Write writes the files to a directory, which must exist.
func (c *Corpus) Write(dir string) error {
	if err := writeLines(filepath.Join(dir, streamsFile), c.Streams); err != nil {
		return err
	}
	return writeLines(filepath.Join(dir, headsFile), c.Heads)
}

func writeLines(name string, lines []Line) error {
	var b bytes.Buffer
	b.WriteString("# Made by wscheck corpus. Not to be edited: see its package.\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %s\n", strings.Join(l.Cases, ","), l.Kind,
			strconv.QuoteToASCII(string(l.Data)))
	}
	return os.WriteFile(name, b.Bytes(), 0o666)
}
