#!/bin/bash -eu
# Builds every fuzz target of module fuzz for libFuzzer. OSS-Fuzz sets SRC and OUT.

package=github.com/hawser-ws/hawser/fuzz

cd "$SRC/hawser/fuzz"
export GOWORK=off

# Pack the corpora before go get changes the module.
targets=$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(f \*testing\.F) {$/\1/p' ./*_test.go)
# shellcheck disable=SC2086 # each target is a word
go run ./oss-fuzz/pack "$OUT" $targets

# The builder replaces package testing with this one.
go get github.com/AdamKorcz/go-118-fuzz-build/testing
for target in $targets; do
  compile_native_go_fuzzer_v2 "$package" "$target" "$target"
done
