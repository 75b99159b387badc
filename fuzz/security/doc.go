// Package security holds what no single module can test of the promises in
// .github/SECURITY.md: that its tables are true, and the attacks that need a
// connection and its compression together. It exports nothing.
package security
