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

// some are a few cases of each kind, or all with HAWSER_FULL. What is tested here is
// that they run as tests; wscheck tells whether hawser passes all of them.
func some() []string {
	if os.Getenv("HAWSER_FULL") != "" {
		return nil
	}
	return []string{"1.*", "2.*", "3.*", "4.*", "5.*", "6.4.*", "7.1.*", "9.7.1", "10.*", "12.1.3", "13.3.1", "H.1.*", "L.1.*", "X.1.*", "C.1.*"}
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
