package compliance_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/compliance"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// plant and plantReport are the environment of TestPlanted.
const (
	plant       = "HAWSER_COMPLIANCE_PLANT"
	plantReport = "HAWSER_COMPLIANCE_REPORT"
)

// TestPlanted has a fault, which the environment names. TestFaults runs it.
func TestPlanted(t *testing.T) {
	name := os.Getenv(plant)
	cases := []string{"1.1.1", "1.1.2", "1.2.2"} // the second has text
	o := &compliance.Options{Cases: cases, Report: os.Getenv(plantReport)}
	switch name {
	case "":
		t.Skip("for TestFaults")
	case "none":
		compliance.TestServer(t, testee.Echo(), o)
	case "liar":
		compliance.TestServer(t, liar, o)
	case "lying client":
		compliance.TestClient(t, lyingClient, o)
	case "known":
		o.Known = map[string]string{"1.1.2": "it adds to texts"}
		compliance.TestServer(t, liar, o)
	case "known, but passes":
		o.Known = map[string]string{"1.1.1": "it adds to texts", "1.1.2": "and here"}
		compliance.TestServer(t, liar, o)
	case "known, but does not run":
		o.Known = map[string]string{"9.9.9": "there is none"}
		compliance.TestServer(t, testee.Echo(), o)
	case "unknown pattern":
		compliance.TestServer(t, testee.Echo(), &compliance.Options{Cases: []string{"8.*"}})
	case "no case":
		compliance.TestClient(t, hawserClient, &compliance.Options{Cases: []string{"H.*"}})
	case "no server":
		compliance.TestServerURL(t, "ws://127.0.0.1:1", o)
	case "no certificate", "wss":
		s := httptest.NewTLSServer(testee.Echo())
		defer s.Close()
		if name == "wss" {
			o.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
			o.TLS.RootCAs.AddCert(s.Certificate())
		}
		compliance.TestServerURL(t, "wss"+strings.TrimPrefix(s.URL, "https"), o)
	case "client that does not connect":
		compliance.TestClient(t, func(context.Context, string) error { return errors.New("no network") }, o)
	case "report is not to be written":
		o.Report = filepath.Join(os.Args[0], "below")
		compliance.TestServer(t, testee.Echo(), o)
	case "client that lies once":
		var n atomic.Int64
		compliance.TestClient(t, func(ctx context.Context, url string) error {
			if strings.Contains(url, "case=2&") || strings.HasSuffix(url, "case=2") {
				if n.Add(1) == 1 {
					return lyingClient(ctx, url)
				}
			}
			return hawserClient(ctx, url)
		}, o)
	default:
		t.Fatalf("no fault is called %q", name)
	}
}

// Each fault is seen by go test, in the cases that it concerns.
func TestFaults(t *testing.T) {
	const first, second, third = "1.1.1 pass", "1.1.2 pass", "1.2.2 pass"
	tests := []struct {
		fault, filter string
		fails         bool
		cases         []string
		says          string
	}{
		{fault: "none", cases: []string{first, second, third}},
		{fault: "none", filter: "/^1.1.2$", cases: []string{second}},
		{fault: "wss", cases: []string{first, second, third}},
		{fault: "liar", fails: true, cases: []string{first, "1.1.2 fail", third}, says: "RFC 6455"},
		{fault: "liar", filter: "/^1.1.1$", cases: []string{first}},
		{fault: "lying client", fails: true, cases: []string{first, "1.1.2 fail", third}, says: "behavior FAILED: "},
		{fault: "client that lies once", cases: []string{first, second, third}},
		{fault: "known", cases: []string{first, second, third}, says: "falls short, as is known: it adds to texts"},
		{fault: "known, but passes", fails: true, cases: []string{"1.1.1 fail", second, third}, says: "passes, but is known to fall short: it adds to texts"},
		{fault: "known, but does not run", fails: true, cases: []string{first, second, third}, says: "case 9.9.9 is known to fall short, but is none of those that run"},
		{fault: "unknown pattern", fails: true, says: `no case matches "8.*"`},
		{fault: "no case", fails: true, says: "no case is left to run"},
		{fault: "no server", fails: true, says: "ws://127.0.0.1:1 cannot be tested: "},
		{fault: "no certificate", fails: true, says: "certificate"},
		{fault: "client that does not connect", fails: true, says: "its error is no network"},
		{fault: "report is not to be written", fails: true, cases: []string{first, second, third}, says: "cannot write"},
	}
	for _, tt := range tests {
		t.Run(tt.fault+tt.filter, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPlanted$"+tt.filter, "-test.v")
			c.Env = append(os.Environ(), plant+"="+tt.fault, plantReport+"="+dir)
			b, err := c.CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if (err != nil) != tt.fails || !strings.Contains(string(b), tt.says) {
				t.Errorf("fails: %v; want %v, and %q in\n%s", err != nil, tt.fails, tt.says, b)
			}
			if diff := cmp.Diff(tt.cases, outcomes(b)); diff != "" {
				t.Errorf("subtests (-want +got):\n%s", diff)
			}
			index, err := report.ReadIndex(dir)
			if tt.cases != nil && tt.fault != "report is not to be written" && (err != nil || len(index["TestPlanted"]) != len(tt.cases)) {
				t.Errorf("the report has %v: %v", index, err)
			}
		})
	}
}

var subtest = regexp.MustCompile(`(?m)^    --- (PASS|FAIL): TestPlanted/(\S+) `)

// outcomes are those of the subtests, in order.
func outcomes(output []byte) (all []string) {
	for _, m := range subtest.FindAllSubmatch(output, -1) {
		all = append(all, fmt.Sprintf("%s %s", m[2], strings.ToLower(string(m[1]))))
	}
	slices.Sort(all)
	return all
}
