package main

import (
	"bytes"
	"testing"
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
	want := "over a net.Pipe:\n" + conversation + "over a unix socket:\n" + conversation +
		"over a net.Pipe, by a Conn:\n\ttext \"HELLO\"\n"
	if got := out.String(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}
