//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	inputDefault = regexp.MustCompile(`(?m)^  ([a-z-]+):\n    description: .*\n` +
		`(?:    required: true\n)?(?:    default: '?([^'\n]*)'?\n)?`)
	inputVar = regexp.MustCompile(`(?m)^        ([A-Z_]+): \$\{\{ inputs\.([a-z-]+) \}\}$`)
)

// The GitHub action tests a server that it starts itself, with a few inputs set and the defaults of
// the others.
func TestAction(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the action needs bash")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const action = "../../../.github/actions/wscheck/"
	text, err := os.ReadFile(action + "action.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir, addr := t.TempDir(), freeAddr(t)
	summary, unit := filepath.Join(dir, "summary.md"), filepath.Join(dir, "junit.xml")
	program := fmt.Sprintf("#!/bin/sh\n%s=1 exec '%s' \"$@\"\n", asMain, self)
	if err := os.WriteFile(filepath.Join(dir, "wscheck"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}

	inputs := map[string]string{}
	for _, m := range inputDefault.FindAllSubmatch(text, -1) {
		inputs[string(m[1])] = string(m[2])
	}
	for name, value := range map[string]string{"url": "ws://" + addr,
		"command": echoCommand(t, addr, filepath.Join(dir, "pid")),
		"cases":   "1.1.*,12.1.1", "agent": "my server", "junit": unit, "profile": "strict",
		"close-path": "/close"} {
		if _, ok := inputs[name]; !ok {
			t.Errorf("the action has no input %s", name)
		}
		inputs[name] = value
	}
	c := exec.CommandContext(t.Context(), bash, action+"run")
	c.Env = append(os.Environ(), "RUNNER_TEMP="+dir, "GITHUB_STEP_SUMMARY="+summary)
	for _, m := range inputVar.FindAllSubmatch(text, -1) {
		c.Env = append(c.Env, string(m[1])+"="+inputs[string(m[2])])
	}
	out, err := c.CombinedOutput()
	if err != nil || !bytes.HasSuffix(out, []byte("\nPASS: 9 cases\n")) {
		t.Fatalf("the action: %v\n%s", err, out)
	}
	gone(t, filepath.Join(dir, "pid"))
	for file, want := range map[string]string{summary: "### WebSocket conformance of my server\n",
		unit: `name="my server: 1 Framing" tests="8"`,
		filepath.Join(dir, "wscheck-report", "server.log"): "listening at ",
		filepath.Join(dir, "wscheck-report", "index.html"): `-close-path</span> <span class="word">/close`} {
		if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s has no %q (error %v):\n%s", file, want, err, b)
		}
	}
}
