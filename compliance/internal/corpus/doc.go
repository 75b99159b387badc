// Package corpus makes seeds for fuzzing from the cases of the suite: it runs them
// against this project's own server and client over loopback, records what goes over
// the wire in either direction, and brings it into a form that is short and the same
// each time.
//
// What is random is replaced: masking keys by one key, with the payloads masked anew,
// the key of the handshake by that of RFC 6455, section 1.3, addresses and dates by
// fixed ones. What is long is cut: see the constants of the streams. What is the same
// in many cases is kept once, with the ids of all of them.
//
// The command is wscheck corpus; the files are read by package seeds of the module
// fuzz.
package corpus
