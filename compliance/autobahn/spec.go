package autobahn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// specName is the file that carries a run's choices to wstest.
const specName = "spec.json"

// spec is the file that wstest reads in the two modes used here. Cases are
// always ids and never patterns, since wstest's patterns have no end anchor.
type spec struct {
	OutDir  string   `json:"outdir"`        // as wstest sees it
	Cases   []string `json:"cases"`         // ids
	Exclude []string `json:"exclude-cases"` // always empty, but wstest wants the key

	Servers []specServer `json:"servers,omitempty"` // fuzzingclient: whom to test

	URL  string `json:"url,omitempty"`  // fuzzingserver: where to listen; the host is ignored
	Key  string `json:"key,omitempty"`  // fuzzingserver over TLS: PEM files
	Cert string `json:"cert,omitempty"` // as wstest sees them
}

// specServer is one server under test. Without a "hostname" wstest verifies no
// certificate and sends no server name.
type specServer struct {
	Agent string `json:"agent"`
	URL   string `json:"url"`
}

// write puts the spec into dir, where wstest finds it under specName.
func (s *spec) write(dir string) error {
	s.Exclude = []string{}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("the suite's spec: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, specName), append(data, '\n'), 0o644)
}
