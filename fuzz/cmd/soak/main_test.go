package main

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hawser-ws/hawser/fuzz/internal/soak"
)

func TestParse(t *testing.T) {
	c, err := parse(strings.Fields("-conns 500 -for 1m -abusive 0.2 -seed 9 -tls"), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	want := soak.Default()
	want.Conns, want.Duration, want.Abusive, want.Seed, want.Server.TLS = 500, time.Minute, 0.2, 9, true
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(soak.Config{}, "Command", "Progress")); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if c.Command == nil || c.Progress == nil {
		t.Error("no command or no progress")
	}
	var help strings.Builder
	_, err = parse([]string{"-h"}, &help)
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "Exit status: 0") {
		t.Errorf("-h: error %v, help %q", err, help.String())
	}
	for _, args := range []string{"-conns x", "extra"} {
		var usage strings.Builder
		if _, err := parse(strings.Fields(args), &usage); err == nil || usage.Len() == 0 {
			t.Errorf("%s: error %v, usage %q", args, err, usage.String())
		}
	}
}
