package main

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed testdata/known
var knownFiles embed.FS

// A known is an entry of a file of faults that cannot be noticed:
//
//	mask.go Mask
//	code: if k == 0 {
//	change: if k == 0: never taken
//	why: A key of zeros changes nothing, only slower.
//
// Empty lines separate entries. Lines that begin with # are comments. The file, the function, the text of
// the line (with its comment) and the change identify the fault, so that a line number is not needed.
type known struct {
	File, Func, Code, Change, Why string

	line int
	met  bool // the source contains the fault
}

func (k *known) key() string {
	return (&mutant{File: k.File, Func: k.Func, Code: k.Code, Change: k.Change}).key()
}

// readKnown reads the entries for a package, from the file name or, if that is empty, from the embedded
// file named after the last element of the import path. Such a file need not exist.
func readKnown(name, pkgPath string) ([]*known, error) {
	var data []byte
	var err error
	if name != "" {
		data, err = os.ReadFile(name)
	} else {
		name = path.Base(pkgPath) + ".txt"
		data, err = fs.ReadFile(knownFiles, "testdata/known/"+name)
		if os.IsNotExist(err) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return parseKnown(name, string(data))
}

func parseKnown(name, data string) ([]*known, error) {
	var entries []*known
	var k *known
	finish := func() error {
		if k != nil && (k.Code == "" || k.Change == "" || k.Why == "") {
			return fmt.Errorf("%s:%d: entry without code, change or why", name, k.line)
		}
		k = nil
		return nil
	}
	for i, line := range strings.Split(data, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if line == "" {
			if err := finish(); err != nil {
				return nil, err
			}
			continue
		}
		if k == nil {
			k = &known{line: i + 1}
			k.File, k.Func, _ = strings.Cut(line, " ")
			entries = append(entries, k)
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch field {
		case "code":
			k.Code = value
		case "change":
			k.Change = value
		case "why":
			k.Why = value
		default:
			return nil, fmt.Errorf("%s:%d: unknown field %q, want code, change or why", name, i+1, field)
		}
	}
	return entries, finish()
}

// mark copies the reasons of the entries to their faults.
func mark(mutants []*mutant, entries []*known) {
	byKey := map[string]*known{}
	for _, k := range entries {
		byKey[k.key()] = k
	}
	for _, m := range mutants {
		if k := byKey[m.key()]; k != nil {
			m.Known, k.met = k.Why, true
		}
	}
}

// stale lists the entries whose fault was noticed or does not compile. A timeout does not count, since a
// busy machine can cause it. If every is set, the mutants are all faults of the package, and stale also
// lists the entries whose fault is not among them.
func stale(mutants []*mutant, entries []*known, every bool) []string {
	var all []string
	for _, k := range entries {
		if every && !k.met {
			all = append(all, fmt.Sprintf("%s %s: %s: no such fault in the source", k.File, k.Func, k.Change))
		}
	}
	for _, m := range mutants {
		if m.Known != "" && (m.Outcome == noticed && m.By != timedOut || m.Outcome == noBuild) {
			all = append(all, fmt.Sprintf("%v: %s %s", m, m.Outcome, m.By))
		}
	}
	return all
}

// propose formats the survivors without an entry as entries.
func propose(mutants []*mutant) string {
	var b strings.Builder
	for _, m := range mutants {
		if m.Outcome == survived && m.Known == "" {
			fmt.Fprintf(&b, "%s %s\ncode: %s\nchange: %s\nwhy:\n\n", m.File, m.Func, m.Code, m.Change)
		}
	}
	return b.String()
}
