package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/hawser-ws/hawser/compliance/testee"
)

// specFile writes a specification in the original's format.
func specFile(t *testing.T, v map[string]any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "spec.json")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

type object = map[string]any

func TestSpecOfServers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "clients")
	spec := specFile(t, object{
		"options": object{"failByDrop": false},
		"outdir":  out,
		"servers": []object{
			{"agent": "one", "url": serve(t, testee.Echo()), "options": object{"version": 18}},
			{"agent": "another", "url": serve(t, testee.Echo())},
		},
		"cases":               []string{"1.1.*", "2.1"},
		"exclude-cases":       []string{"1.1.5", "1.1.6", "1.1.7", "1.1.8"},
		"exclude-agent-cases": object{"another*": []string{"1.1.1", "2.*"}, "nobody": []string{"*"}},
	})
	wscheck(t, "fuzzingclient", "-spec", spec).check(t, exitPassed, "PASS: 8 cases\n",
		"another: 3 of 3 cases\n")
	verdicts(t, out, "one", "1.1.1", "1.1.2", "1.1.3", "1.1.4", "2.1")
	verdicts(t, out, "another", "1.1.2", "1.1.3", "1.1.4")

	elsewhere := t.TempDir()
	wscheck(t, "fuzzingclient", "-out", elsewhere, "-spec", spec).check(t, exitPassed, "PASS: 8 cases\n", "")
	verdicts(t, elsewhere, "another", "1.1.2", "1.1.3", "1.1.4")
}

// Servers without a name, or with the same name, have different names in the report. If a server
// does not run, the others are still tested.
func TestSpecWithSameNames(t *testing.T) {
	a, b, out := serve(t, testee.Echo()), serve(t, testee.Echo()), t.TempDir()
	spec := specFile(t, object{
		"outdir":  out,
		"servers": []object{{"url": a, "agent": "x"}, {"url": "ws://127.0.0.1:1"}, {"url": b, "agent": "x"}},
		"cases":   []string{"1.1.1"},
	})
	wscheck(t, "fuzzingclient", "-spec", spec).check(t, exitFailed,
		"INCOMPLETE: 2 cases ran, 0 fell short\n",
		"wscheck: no server is listening at ws://127.0.0.1:1 (connection refused)\n")
	verdicts(t, out, "x", "1.1.1")
	verdicts(t, out, "x at "+b, "1.1.1")
}

func TestSpecOfClients(t *testing.T) {
	out := filepath.Join(t.TempDir(), "servers")
	spec := specFile(t, object{
		"url":                 "ws://127.0.0.1:0",
		"outdir":              out,
		"cases":               []string{"1.1.*", "2.1"},
		"exclude-cases":       []string{"1.1.5", "1.1.6", "1.1.7", "1.1.8"},
		"exclude-agent-cases": object{"spared": []string{"1.1.*"}},
	})
	r := start(t, "fuzzingserver", "-spec", spec)
	url := r.at(t)
	wscheck(t, "testeeclient", url, "-agent", "spared").check(t, exitPassed, "5 cases", "")
	wscheck(t, "testeeclient", url, "-agent", "other").check(t, exitPassed, "5 cases", "")
	ask(t, url, "/getCaseStatus?case=5&agent=spared") // the other cases have no status
	settle(t, url, "other", 5)
	r.interrupt()
	r.wait(t).check(t, exitPassed, "PASS: 6 cases\n", "serving 5 cases at ")
	verdicts(t, out, "spared", "2.1")
	verdicts(t, out, "other", "1.1.1", "1.1.2", "1.1.3", "1.1.4", "2.1")
}

func TestInvalidSpec(t *testing.T) {
	server := []object{{"url": "ws://127.0.0.1:1", "agent": "x"}}
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte(`{"cases": ["*"],}`), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args   []string
		stderr string
	}{
		{[]string{"fuzzingclient", "-spec", "nowhere.json"}, "-spec: open nowhere.json"},
		{[]string{"fuzzingclient", "-spec", broken}, "broken.json: invalid character"},
		{[]string{"fuzzingclient", "-spec", specFile(t, object{"cases": 1})}, "cannot unmarshal"},
		{[]string{"fuzzingclient", "-spec", specFile(t, object{"servers": server})}, `has no "cases"`},
		{[]string{"fuzzingclient", "-spec", specFile(t, object{"cases": []string{"*"}})},
			`has no "servers"`},
		{[]string{"fuzzingclient", "-spec", specFile(t, object{"cases": []string{"8.*"}, "servers": server})},
			`no case matches "8.*"`},
		{[]string{"fuzzingclient", "-spec",
			specFile(t, object{"cases": []string{"*"}, "servers": []object{{"url": "127.0.0.1:1"}}})},
			`invalid server URL "127.0.0.1:1"`},
		{[]string{"fuzzingclient", "-spec",
			specFile(t, object{"cases": []string{"1.*"}, "servers": server,
				"exclude-agent-cases": object{"x": []string{"1.*"}}})}, "no case for x"},
		{[]string{"fuzzingclient", "ws://127.0.0.1:1", "-spec", broken},
			"-spec cannot be combined with a URL"},
		{[]string{"fuzzingclient", "-spec", broken, "-agent", "x"}, "-spec cannot be combined with -cases"},
		{[]string{"fuzzingclient", "-spec", broken, "-cases", "*"}, "-spec cannot be combined with -cases"},
		{[]string{"fuzzingserver", "-spec", broken, "-exclude", "1.*"},
			"-spec cannot be combined with -cases"},
		{[]string{"fuzzingserver", "-spec",
			specFile(t, object{"cases": []string{"*"}, "url": "127.0.0.1:1"})},
			`cannot listen at "127.0.0.1:1"`},
	}
	t.Chdir(t.TempDir())
	for _, tt := range tests {
		wscheck(t, tt.args...).check(t, exitFailed, "", tt.stderr)
	}
}
