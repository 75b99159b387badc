package wire_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// Header fields on which parsers of other libraries took quadratic time are parsed quickly.
// A quadratic parser would take minutes.
func TestFieldsTakeLinearTime(t *testing.T) {
	const n = 1 << 18
	for name, values := range map[string][]string{
		"spaces within a name":   {"b" + strings.Repeat(" ", n) + "x"},
		"tabs":                   {strings.Repeat("\t", n)},
		"commas":                 {strings.Repeat(",", n)},
		"spaces between commas":  {strings.Repeat(" ,", n/2)},
		"elements":               {strings.Repeat("a,", n/2)},
		"one token":              {strings.Repeat("a", n)},
		"parameters":             {"a" + strings.Repeat(";b", n/2)},
		"values":                 {"a" + strings.Repeat(";b=c", n/4)},
		"semicolons":             {"a" + strings.Repeat(";", n)},
		"equals signs":           {"a;b" + strings.Repeat("=", n)},
		"spaces in a parameter":  {"a;b" + strings.Repeat(" ", n) + "c"},
		"open quote":             {`a;b="` + strings.Repeat("c", n)},
		"open quote, escapes":    {`a;b="` + strings.Repeat(`\c`, n/2)},
		"open quotes":            {strings.Repeat(`a;b="c,`, n/7)},
		"backslashes":            {`a;b="` + strings.Repeat(`\`, n)},
		"quotes":                 {"a;b=" + strings.Repeat(`"`, n)},
		"fields":                 slices.Repeat([]string{"a"}, n/8),
		"fields of empty lists":  slices.Repeat([]string{" , "}, n/8),
		"letters beyond ASCII":   {strings.Repeat("\u212a", n/3)},
		"token at the very end":  {strings.Repeat("x,", n/2) + "upgrade"},
		"almost the token":       {strings.Repeat("upgrad,", n/7)},
		"the token, but no list": {strings.Repeat("upgrade ", n/8)},
	} {
		parsed := make(chan struct{})
		go func() {
			defer close(parsed)
			_, _ = wire.ParseExtensions(values)
			_ = wire.ParseProtocols(values)
			wire.HasToken(values, "upgrade")
		}()
		select {
		case <-parsed:
		case <-time.After(time.Minute):
			t.Fatalf("%s: not parsed within a minute", name)
		}
	}
}
