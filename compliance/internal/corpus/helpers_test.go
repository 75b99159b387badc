package corpus

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// readCorpus reads the files that Write wrote.
func readCorpus(dir string) (*Corpus, error) {
	streams, err := readLines(filepath.Join(dir, streamsFile))
	if err != nil {
		return nil, err
	}
	heads, err := readLines(filepath.Join(dir, headsFile))
	return &Corpus{streams, heads}, err
}

func readLines(name string) (lines []Line, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for n := 1; scan.Scan(); n++ {
		text := scan.Text()
		if strings.HasPrefix(text, "#") {
			continue
		}
		ids, rest, _ := strings.Cut(text, " ")
		kind, quoted, found := strings.Cut(rest, ` "`)
		data, err := strconv.Unquote(`"` + quoted)
		if !found || err != nil {
			return nil, fmt.Errorf("%s:%d: want case ids, a kind and a quoted string", name, n)
		}
		lines = append(lines, Line{strings.Split(ids, ","), kind, []byte(data)})
	}
	return lines, scan.Err()
}
