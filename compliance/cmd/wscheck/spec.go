package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// A spec is a specification of the original suite. Its options for the protocol are ignored.
type spec struct {
	URL     string `json:"url"` // for fuzzingserver
	Key     string `json:"key"`
	Cert    string `json:"cert"`
	OutDir  string `json:"outdir"`
	Servers []struct {
		URL   string `json:"url"`
		Agent string `json:"agent"`
	} `json:"servers"` // for fuzzingclient
	Cases   []string            `json:"cases"`
	Exclude []string            `json:"exclude-cases"`
	ByAgent map[string][]string `json:"exclude-agent-cases"` // by pattern of agent names
}

// readSpec reads the file of -spec and sets the flags for cases and directory from it.
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
		return nil, fmt.Errorf("-spec: %s has no \"cases\"", f.spec)
	}
	f.cases, f.exclude = strings.Join(s.Cases, ","), strings.Join(s.Exclude, ",")
	if s.OutDir != "" && !f.given("out") {
		f.out = s.OutDir
	}
	return s, nil
}

// excludes reports whether a case is excluded for an agent.
func (s *spec) excludes(agent, id string) bool {
	for a, ids := range s.ByAgent {
		matches := func(pattern string) bool { return suite.Match(pattern, id) }
		if suite.Match(a, agent) && slices.ContainsFunc(ids, matches) {
			return true
		}
	}
	return false
}

// specServers returns the servers of the specification with their cases.
func (f *runFlags) specServers() ([]serverRun, error) {
	s, err := f.readSpec()
	if err != nil {
		return nil, err
	}
	if len(s.Servers) == 0 {
		return nil, fmt.Errorf("-spec: %s has no \"servers\"", f.spec)
	}
	all, err := f.forServers()
	if err != nil {
		return nil, err
	}
	var runs []serverRun
	for _, server := range s.Servers {
		r := serverRun{url: server.URL, agent: server.Agent}
		for _, c := range all {
			if !s.excludes(server.Agent, c.ID) {
				r.cases = append(r.cases, c)
			}
		}
		if len(r.cases) == 0 {
			return nil, errors.New("-spec: \"exclude-agent-cases\" leaves no case for " + server.Agent)
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// specServer configures a server from the specification.
func (f *runFlags) specServer(server *suite.Server, l *listenFlags) error {
	s, err := f.readSpec()
	if err != nil {
		return err
	}
	if s.URL != "" {
		l.url = s.URL
	}
	if l.cert == "" && l.key == "" {
		l.cert, l.key = s.Cert, s.Key
	}
	server.Exclude = s.excludes
	server.Cases, err = f.forClients()
	return err
}
