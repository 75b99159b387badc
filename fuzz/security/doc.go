// Package security tests promises of .github/SECURITY.md that no single module can test: that the tables
// of limits and vulnerabilities in README.md are true, and attacks that involve a connection and its
// compression. It exports nothing.
package security
