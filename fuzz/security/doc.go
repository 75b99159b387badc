// Package security tests the promises of .github/SECURITY.md that no single module can test.
// It compares the tables of limits and vulnerabilities in README.md with the code, and attacks
// connections with compression. It exports nothing.
package security
