// Package security tests those promises of .github/SECURITY.md that no single module can
// test: that the tables of limits and vulnerabilities in README.md are correct, and attacks
// on a connection with compression. It exports nothing.
package security
