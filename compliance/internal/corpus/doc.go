// Package corpus makes fuzzing seeds from the cases of the suite. It runs them against
// hawser's own server and client over loopback, records the bytes in both directions, and
// converts the recordings to a short, reproducible form.
//
// Random parts are replaced by fixed ones: masking keys by a single key, with the payloads
// masked again; the key of the handshake by the one in RFC 6455, section 1.3; addresses and
// dates by constants. Long streams are shortened: see the constants in stream.go. Bytes that
// are the same in many cases are stored once, with the ids of all of those cases.
//
// wscheck corpus writes the files. Package seeds of module fuzz reads them.
package corpus
