package compliance_test

import (
	"context"
	"os"
	"testing"

	"github.com/hawser-ws/hawser/compliance"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/testee"
)

func TestHawserServer(t *testing.T) {
	dir := t.TempDir()
	compliance.TestServer(t, testee.Echo(), &compliance.Options{Cases: some(), Agent: "hawser", Report: dir})
	index, err := report.ReadIndex(dir)
	if err != nil || len(index["hawser"]) == 0 {
		t.Errorf("the report has %d cases: %v", len(index["hawser"]), err)
	}
}

func TestHawserClient(t *testing.T) {
	compliance.TestClient(t, hawserClient, &compliance.Options{Cases: some()})
}

// some are the cases to run: of those that cost much one of a kind, unless
// HAWSER_COMPLIANCE=all. That wscheck runs all of them is another job.
func some() []string {
	if os.Getenv("HAWSER_COMPLIANCE") == "all" {
		return nil
	}
	return []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.1", "9.4.9", "9.5.6", "9.7.1", "10.*",
		"12.1.3", "12.4.11", "13.3.1", "13.5.9", "13.7.1", "H.*", "L.*", "X.*", "C.*"}
}

func hawserClient(ctx context.Context, url string) error {
	c, err := testee.Hawser(ctx, url, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		binary, message, err := c.Read(ctx)
		if err != nil {
			return nil // as the suite ends it
		}
		if err := c.Write(ctx, binary, message); err != nil {
			return err
		}
	}
}
