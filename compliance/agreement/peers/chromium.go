package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// chromium is a headless Chromium on PATH. A page with a server on loopback runs its
// WebSocket.
var chromium = &Peer{
	Name: "chromium",
	Install: func(ctx context.Context, _ *Env) (string, error) {
		path, err := findChromium()
		if err != nil {
			return "", err
		}
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%s --version: %w", path, err)
		}
		for _, word := range strings.Fields(string(out)) {
			if word[0] >= '0' && word[0] <= '9' {
				return word, nil
			}
		}
		return "", fmt.Errorf("%s --version printed %q, which has no version", path, out)
	},
	Drive:    driveChromium,
	Exchange: exchangeChromium,
	installed: func(*Env) bool {
		_, err := findChromium()
		return err == nil
	},
}

func findChromium() (string, error) {
	return find("chromium", "chromium-browser", "google-chrome", "chrome")
}

// driveChromium is a Peer.Drive.
func driveChromium(ctx context.Context, _ *Env, base, agent string) error {
	_, err := runPage(ctx, pageTask{Base: base, Agent: agent})
	return err
}

// exchangeChromium is a Peer.Exchange. It uses only the URL of the setup, since a page cannot
// choose the parameters of permessage-deflate.
func exchangeChromium(ctx context.Context, _ *Env, s Setup) (*Exchange, error) {
	if _, err := findChromium(); err != nil {
		return nil, err
	}
	reports := make(chan Report, 1)
	go func() {
		r, err := runPage(ctx, pageTask{URL: s.URL})
		if err != nil {
			r.Error = err.Error()
		}
		reports <- r
	}()
	return &Exchange{wait: sync.OnceValue(func() Report { return <-reports })}, nil
}

// A pageTask tells the page to make one connection to URL or, without one, to drive all
// cases of the fuzzing server at Base.
type pageTask struct {
	URL   string `json:"url"`
	Base  string `json:"base"`
	Agent string `json:"agent"`
}

// A pageResult is the result of a task. Error is empty if the task is done.
type pageResult struct {
	Report Report `json:"report"` // of the connection to URL
	Error  string `json:"error"`
}

// runPage starts a browser with the page, waits until the page has done its task, and ends
// the browser.
func runPage(ctx context.Context, task pageTask) (Report, error) {
	path, err := findChromium()
	if err != nil {
		return Report{}, err
	}
	profile, err := os.MkdirTemp("", "hawser-chromium-")
	if err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(profile)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan pageResult, 1)
	s, err := serveHTTP(ctx, pageHandler(task, results))
	if err != nil {
		return Report{}, err
	}
	// The sandbox needs rights that root in a container does not have. No host name is
	// resolved, so the browser reaches 127.0.0.1 only.
	cmd := process.Command(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
		"--remote-debugging-port=0", "--user-data-dir="+profile, "http"+strings.TrimPrefix(s.URL, "ws")+"/")
	ended, err := startCommand(ctx, cmd, func(string) {}) // its warnings do not matter
	if err != nil {
		return Report{}, err
	}
	select {
	case r := <-results:
		cancel()
		<-ended
		if r.Error != "" {
			return Report{}, errors.New("the page failed: " + r.Error)
		}
		return r.Report, nil
	case err := <-ended:
		return Report{}, fmt.Errorf("the browser ended: %w", errors.Join(err, ctx.Err()))
	}
}

// pageHandler serves the page and its task, and receives its result.
func pageHandler(task pageTask, results chan<- pageResult) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "files/page.html")
	})
	mux.HandleFunc("GET /task", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(task)
	})
	mux.HandleFunc("POST /result", func(w http.ResponseWriter, r *http.Request) {
		var result pageResult
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&result); err != nil {
			result.Error = "invalid result: " + err.Error()
		}
		select {
		case results <- result:
		default:
		}
	})
	return mux
}
