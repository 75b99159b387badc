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

// A side is the role of a tested library.
type side string

const (
	server side = "server"
	client side = "client"
)

// A verdict is the verdict of a suite on a case.
type verdict struct {
	Behavior, Close string
	Code            int // of the peer's close frame; none if there was no code
}

// none is the Code of a verdict without a code. A peer may send the code 0.
const none = -1

// verdicts are the verdicts on one peer, by the id of the case.
type verdicts map[string]verdict

func (v verdicts) ids() []string {
	return slices.SortedFunc(maps.Keys(v), report.CompareIDs)
}

// A run is a peer in one of its roles.
type run struct {
	Peer string
	Side side
}

func (r run) String() string { return r.Peer + " " + string(r.Side) }

// file returns the name of the file with the stored verdicts on the run.
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

// storedFiles has an index.json of the original suite for each run.
//
//go:embed testdata/original
var storedFiles embed.FS

// storedDir is the directory of storedFiles in the module.
const storedDir = "testdata/original"

// errNotStored is the error for a run without stored verdicts.
var errNotStored = errors.New("no verdicts of the original are stored")

// stored returns the stored verdicts of the original on a run, and the agent: the name and
// version of the peer.
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

// store writes the original's results on a run to dir, which is a checkout of this module.
// It keeps the stored results on other cases of the same agent.
func store(dir string, r run, agent string, results map[string]report.Entry) error {
	path := filepath.Join(dir, filepath.FromSlash(storedDir), r.file())
	all := make(map[string]report.Entry)
	if had, err := report.ReadIndex(path); err == nil {
		maps.Copy(all, had[agent])
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	maps.Copy(all, results)
	// One line for each case makes a readable diff.
	var b bytes.Buffer
	name, err := json.Marshal(agent)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b, "{%s: {", name)
	for i, id := range slices.SortedFunc(maps.Keys(all), report.CompareIDs) {
		res := all[id]
		res.ReportFile = "" // the report is not stored
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
