package interop

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Headless Chromium, as a client. All its offers are alike, so that the server's
// options decide. It fragments by itself what it sends, if that is large.
func TestChromium(t *testing.T) {
	path := find(t, "chromium", "chromium-browser", "google-chrome")
	ctx, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("headless", true),
		chromedp.Flag("no-sandbox", true),
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(limit),
	)
	defer cancel()
	browser, cancel := chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(browser); err != nil { // starts it
		t.Fatal(err)
	}
	defer func() { // let it end by itself, or it may still write into its directory
		ctx, cancel := context.WithTimeout(browser, limit)
		defer cancel()
		chromedp.Cancel(ctx)
	}()

	traits := traits{noSmallFragments: true, zlib: true}
	testPeer(t, "chromium", traits, func() peer { return &page{browser: browser} })
}

// A page is a peer in a tab of its own.
type page struct {
	browser context.Context
	tab     context.Context // ends with that of start
	report  *report
}

func (p *page) start(ctx context.Context, t *testing.T, s setup) {
	t.Helper()
	tab, closeTab := chromedp.NewContext(p.browser)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil { // opens it, for as long as its context
		t.Fatal(err)
	}
	var cancel func()
	p.tab, cancel = context.WithTimeout(tab, limit)
	context.AfterFunc(ctx, cancel)
	home := "http" + strings.TrimSuffix(strings.TrimPrefix(s.URL, "ws"), "echo")
	run := fmt.Sprintf("window.ended = run(%q); 0", s.URL)
	if err := chromedp.Do(p.tab, chromedp.Navigate(home), chromedp.Evaluate[chromedp.Void](run)); err != nil {
		t.Fatal(err)
	}
}

func (p *page) url() string { return "" }

func (p *page) stop() report {
	if p.report == nil {
		r, err := chromedp.Run(p.tab, chromedp.Evaluate[report]("window.ended", chromedp.EvalAwaitPromise))
		if err != nil {
			r.Error = err.Error()
		}
		p.report = &r
	}
	return *p.report
}
