package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
)

const knownHelp = `usage: wscheck known REPORT [flags]

Prints the cases that fell short in a report in the format that -known reads: the id,
the verdicts and, as the reason, the outcome of the case. Replace the outcome with the
reason why the case may fall short.

With -write FILE, wscheck writes the list to FILE instead. If FILE exists, wscheck keeps
its reasons, the cases that vary and the cases that the report does not have, and removes
the cases that no longer fall short.

Exit status: 0 the list was written, 2 it was not.

Flags:
`

// knownCases has known cases by id.
type knownCases = map[string]report.Known

// knownCommand runs wscheck known.
func knownCommand(_ context.Context, args []string, stdout, stderr io.Writer) int {
	f := &runFlags{set: newFlagSet("wscheck known"), help: knownHelp, parallel: 1}
	f.policyFlags("default")
	path := f.set.String("write", "", "write the list to `FILE` and keep its reasons")
	args, err := f.parse(args, stdout)
	switch {
	case err != nil:
		return fail(stderr, err)
	case len(args) != 1:
		return fail(stderr, errors.New("want one report: wscheck known reports"))
	}
	results, err := readReport(args[0])
	if err != nil {
		return fail(stderr, err)
	}
	var before knownCases
	if *path != "" {
		if before, err = readKnown(*path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fail(stderr, err)
		}
	}
	known := shortfalls(f.policy, results, before)
	if *path == "" {
		err = report.WriteKnown(stdout, known)
	} else {
		err = writeFile(*path, func(w io.Writer) error { return report.WriteKnown(w, known) })
	}
	if err != nil {
		return fail(stderr, err)
	}
	if *path != "" {
		fmt.Fprintf(stdout, "%s: %s%s\n", *path, cases(len(known)), absent(known, results))
	}
	return exitPassed
}

// readReport reads the results of a report.
func readReport(dir string) ([]*report.Result, error) {
	if _, err := report.ReadIndex(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no report at %s", dir)
	}
	results, err := report.Read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the report at %s has no files of cases, as with -single", dir)
	}
	return results, err
}

// shortfalls returns the cases that fall short, with the reasons in before, and the entries of
// before for cases that vary or did not run. If a case has different verdicts on two agents, its
// entry allows any.
func shortfalls(p report.Policy, results []*report.Result, before knownCases) knownCases {
	known := knownCases{}
	for id, k := range before {
		if k.Varies || !ran(results, id) {
			known[id] = k
		}
	}
	for _, r := range results {
		if known[r.ID].Varies {
			continue
		}
		if p.Outcome(r) != report.Short {
			continue
		}
		k := report.Known{Behavior: r.Behavior, BehaviorClose: r.BehaviorClose, Varies: r.Varies() != "",
			Reason: reason(r)}
		if old, ok := before[r.ID]; ok {
			k.Reason = old.Reason
		}
		if other, ok := known[r.ID]; ok &&
			(other.Behavior != k.Behavior || other.BehaviorClose != k.BehaviorClose) {
			k.Behavior, k.BehaviorClose = "", ""
		}
		known[r.ID] = k
	}
	return known
}

func ran(results []*report.Result, id string) bool {
	return slices.ContainsFunc(results, func(r *report.Result) bool { return r.ID == id })
}

// absent returns a clause with the number of known cases without a result, or "".
func absent(known knownCases, results []*report.Result) string {
	n := 0
	for id := range known {
		if !ran(results, id) {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return ", of which 1 is not in the report"
	}
	return fmt.Sprintf(", of which %d are not in the report", n)
}

// writeFile writes a file.
func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
