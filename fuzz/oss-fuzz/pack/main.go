// Pack writes the seed corpora of fuzz targets in the form that OSS-Fuzz expects: a zip file of libFuzzer
// inputs for each target, FuzzName_seed_corpus.zip.
//
//	go run ./oss-fuzz/pack directory FuzzName...
//
// Run it in the root directory of module fuzz.
package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
)

// sampleAccept is the accept key in the seeds. FuzzResponse replaces "{accept}" with the right key.
const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

func main() {
	log.SetFlags(0)
	log.SetPrefix("pack: ")
	if len(os.Args) < 3 {
		log.Fatal("usage: pack directory FuzzName...")
	}
	for _, target := range os.Args[2:] {
		inputs, err := corpus(target, filepath.Join("testdata", "fuzz", target))
		if err != nil {
			log.Fatal(err)
		}
		if err := write(filepath.Join(os.Args[1], target+"_seed_corpus.zip"), inputs); err != nil {
			log.Fatal(err)
		}
	}
}

// corpus returns the seeds of a target as libFuzzer inputs: those in dir and, for targets that read
// handshakes, those of package seeds.
func corpus(target, dir string) (inputs [][]byte, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		args, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		inputs = append(inputs, encode(args))
	}
	for _, h := range seeds.Heads() {
		switch {
		case target == "FuzzRequest" && h.Request:
			inputs = append(inputs, encode([]any{h.Data, uint16(0x153)}))
		case target == "FuzzHandshake" && h.Request:
			inputs = append(inputs, encode([]any{h.Data, []byte{1}, uint16(0)}))
		case target == "FuzzResponse" && !h.Request:
			data := bytes.ReplaceAll(h.Data, []byte(sampleAccept), []byte("{accept}"))
			inputs = append(inputs, encode([]any{data, uint16(0x73), uint64(0)}))
		}
	}
	return inputs, nil
}

// write writes a zip file with the inputs, whose names are numbers.
func write(name string, inputs [][]byte) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	for i, input := range inputs {
		w, err := z.Create(fmt.Sprintf("%04d", i))
		if err != nil {
			return err
		}
		if _, err := w.Write(input); err != nil {
			return err
		}
	}
	return z.Close()
}
