package main

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	c, err := parse(strings.Fields("-conns 500 -for 1m -abusive 0.2 -seed 9 -tls"), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if c.Conns != 500 || c.For != time.Minute || c.Abusive != 0.2 || c.Seed != 9 || !c.Server.TLS || c.Command == nil {
		t.Errorf("%+v", c)
	}
	var help strings.Builder
	if _, err := parse([]string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "Exits with 0") {
		t.Errorf("-h: %v, and %q", err, help.String())
	}
	for _, args := range []string{"-conns x", "extra"} {
		var usage strings.Builder
		if _, err := parse(strings.Fields(args), &usage); err == nil || usage.Len() == 0 {
			t.Errorf("%s: error %v, and %q", args, err, usage.String())
		}
	}
}
