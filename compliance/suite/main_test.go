package suite

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets many tests run at once, whatever the number of processors, because most of them wait
// for peers that do not answer.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	at := "16"
	if raceEnabled {
		at = "6"
	}
	if !given {
		if err := flag.Set("test.parallel", at); err != nil {
			panic("BUG: suite: " + err.Error())
		}
	}
	os.Exit(m.Run())
}
