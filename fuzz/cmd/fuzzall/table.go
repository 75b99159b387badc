package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// writeTable writes the results to a file: as JSON if its name ends in .json, as a Markdown table if
// not.
func writeTable(file string, results []result) error {
	if !strings.HasSuffix(file, ".json") {
		return os.WriteFile(file, []byte(markdown(results)), 0o644)
	}
	b, err := json.MarshalIndent(results, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}

func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| package | target | result | executions | executions/s " +
		"| new inputs | corpus | seconds |\n")
	b.WriteString("|---|---|---|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		verdict := r.Result
		if r.Crasher != "" {
			verdict += " `" + r.Crasher + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %.0f | %d | %d | %.0f |\n",
			r.Package, r.Target, verdict, r.Executions, r.PerSecond, r.Interesting, r.Corpus, r.Seconds)
	}
	return b.String()
}
