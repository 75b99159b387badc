package main

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	const conversation = "\ttext \"HELLO\"\n" +
		"\tpong \"still there?\"\n" +
		"\ttext \"ONE MESSAGE IN TWO FRAMES\"\n" +
		"\tclosed with 1000 (normal closure): \"\"\n"
	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Error(err)
	}
	want := "over a net.Pipe:\n" + conversation + "over a Unix socket:\n" + conversation +
		"over a net.Pipe, with a Conn:\n\ttext \"HELLO\"\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
}
