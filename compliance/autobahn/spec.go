package autobahn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// specName is the name of the file with the settings of a run for wstest.
const specName = "spec.json"

// spec is the file that wstest reads in the modes fuzzingclient and fuzzingserver. Paths
// are those that wstest sees. Cases are always ids and never patterns, since the patterns
// of wstest are not anchored at the end.
type spec struct {
	OutDir  string   `json:"outdir"`
	Cases   []string `json:"cases"`
	Exclude []string `json:"exclude-cases"` // always empty, but wstest requires the key

	Servers []specServer `json:"servers,omitempty"` // for a fuzzingclient

	URL  string `json:"url,omitempty"`  // for a fuzzingserver, which ignores the host
	Key  string `json:"key,omitempty"`  // PEM file of a fuzzingserver over TLS
	Cert string `json:"cert,omitempty"` // PEM file of a fuzzingserver over TLS
}

// specServer is one server under test. Without the key "hostname" wstest verifies no
// certificate and sends no server name.
type specServer struct {
	Agent string `json:"agent"`
	URL   string `json:"url"`
}

// write writes the spec to the file specName in dir.
func (s *spec) write(dir string) error {
	s.Exclude = []string{}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("the suite's spec: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, specName), append(data, '\n'), 0o644)
}
