package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// A spec is a specification of the original suite. Of its options those are read
// that say what is to be done; its tuning of the protocol is passed over.
type spec struct {
	URL     string `json:"url"` // of fuzzingserver
	Key     string `json:"key"`
	Cert    string `json:"cert"`
	OutDir  string `json:"outdir"`
	Servers []struct {
		URL   string `json:"url"`
		Agent string `json:"agent"`
	} `json:"servers"` // of fuzzingclient
	Cases   []string            `json:"cases"`
	Exclude []string            `json:"exclude-cases"`
	Spared  map[string][]string `json:"exclude-agent-cases"`
}

// readSpec reads the file of -spec.
func (f *runFlags) readSpec() (*spec, error) {
	b, err := os.ReadFile(f.spec)
	if err != nil {
		return nil, fmt.Errorf("-spec: %w", err)
	}
	s := new(spec)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("-spec: %s: %w", f.spec, err)
	}
	if len(s.Cases) == 0 {
		return nil, fmt.Errorf("-spec: %s: \"cases\" is missing", f.spec)
	}
	f.cases, f.exclude = strings.Join(s.Cases, ","), strings.Join(s.Exclude, ",")
	if s.OutDir != "" && !f.given("out") {
		f.out = s.OutDir
	}
	return s, nil
}

// given reports whether a flag stands on the command line.
func (f *runFlags) given(name string) bool {
	given := false
	f.set.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}

// spared reports whether an agent is spared a case. Patterns of both have stars.
func (s *spec) spared(agent, id string) bool {
	for a, ids := range s.Spared {
		if suite.Match(a, agent) {
			for _, p := range ids {
				if suite.Match(p, id) {
					return true
				}
			}
		}
	}
	return false
}

// specServers is servers from the specification.
func (f *runFlags) specServers() ([]serverRun, error) {
	s, err := f.readSpec()
	if err != nil {
		return nil, err
	}
	if len(s.Servers) == 0 {
		return nil, errors.New("-spec: \"servers\" is missing")
	}
	cases, err := f.selected(true)
	if err != nil {
		return nil, err
	}
	var runs []serverRun
	for _, server := range s.Servers {
		r := serverRun{url: server.URL, agent: server.Agent}
		for _, c := range cases {
			if !s.spared(server.Agent, c.ID) {
				r.cases = append(r.cases, c)
			}
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// specServer sets a server up from the specification.
func (f *runFlags) specServer(server *suite.Server, l *listenFlags) error {
	s, err := f.readSpec()
	if err != nil {
		return err
	}
	if s.URL != "" {
		l.url = s.URL
	}
	if s.Cert != "" && l.cert == "" {
		l.cert, l.key = s.Cert, s.Key
	}
	server.Exclude = s.spared
	server.Cases, err = f.selected(false)
	return err
}
