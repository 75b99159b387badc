package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
)

// A side is which end of the connection the tested library is.
type side string

const (
	server side = "server"
	client side = "client"
)

// verdict is what a suite says of a case.
type verdict struct {
	Behavior, Close string
	Code            int // the peer's status code; none if it sent none
}

// none is no status code; a peer may send 0.
const none = -1

// verdicts are those on one peer, by the case's id.
type verdicts map[string]verdict

func (v verdicts) ids() []string {
	return slices.SortedFunc(maps.Keys(v), report.CompareIDs)
}

// run is a peer at a side.
type run struct {
	Peer string
	Side side
}

func (r run) String() string { return r.Peer + " " + string(r.Side) }

// file is the name of the run's stored verdicts.
func (r run) file() string { return r.Peer + "-" + string(r.Side) + ".json" }

// fromEntries returns the verdicts of an index on one agent.
func fromEntries(in map[string]report.Entry) verdicts {
	out := make(verdicts, len(in))
	for id, e := range in {
		v := verdict{string(e.Behavior), string(e.BehaviorClose), none}
		if e.RemoteCloseCode != nil {
			v.Code = *e.RemoteCloseCode
		}
		out[id] = v
	}
	return out
}

// fromResults returns the verdicts of hawser's suite on one agent.
func fromResults(in []*report.Result) verdicts {
	out := make(verdicts, len(in))
	for _, entries := range report.NewIndex(in) {
		maps.Copy(out, fromEntries(entries))
	}
	return out
}

// storedFiles are verdicts of the original suite, an index.json for each run.
//
//go:embed testdata/original
var storedFiles embed.FS

// storedDir is where they are in the module.
const storedDir = "testdata/original"

// errNotStored is a run whose verdicts are not there.
var errNotStored = errors.New("no verdicts of the original are stored")

// stored returns the original's verdicts on a run that are kept in this module,
// and the agent whose they are: name and version of the peer.
func stored(r run) (agent string, v verdicts, err error) {
	data, err := storedFiles.ReadFile(storedDir + "/" + r.file())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%v: %w", r, errNotStored)
	} else if err != nil {
		return "", nil, err
	}
	var index report.Index
	if err := json.Unmarshal(data, &index); err != nil {
		return "", nil, fmt.Errorf("%s: %w", r.file(), err)
	}
	for name, results := range index {
		if agent != "" {
			return "", nil, fmt.Errorf("%s has more than one agent", r.file())
		}
		agent, v = name, fromEntries(results)
	}
	return agent, v, nil
}

// store writes the original's results on a run below dir, a checkout of this
// module, and keeps those on other cases that were stored for the same agent.
func store(dir string, r run, agent string, results map[string]report.Entry) error {
	path := filepath.Join(dir, filepath.FromSlash(storedDir), r.file())
	all := make(map[string]report.Entry)
	if had, err := report.ReadIndex(path); err == nil {
		maps.Copy(all, had[agent])
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	maps.Copy(all, results)
	// A line for each case, so that changes can be read.
	var b bytes.Buffer
	name, err := json.Marshal(agent)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "{%s: {", name)
	for i, id := range slices.SortedFunc(maps.Keys(all), report.CompareIDs) {
		res := all[id]
		res.ReportFile = "" // it is not kept
		line, err := json.Marshal(res)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n %q: %s", id, line)
	}
	b.WriteString("\n}}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}
