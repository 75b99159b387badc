package peers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// chromium is a browser that is on the machine. Its client is driven by a page
// served on loopback.
var chromium = &Peer{
	Name:    "chromium",
	Library: "Chromium",
	Note:    "the WebSocket of a page, headless",
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
		return "", fmt.Errorf("%s --version printed no version: %q", path, out)
	},
	Drive: driveChromium,
}

func findChromium() (string, error) {
	return find("chromium", "chromium-browser", "google-chrome", "chrome")
}

// driveChromium shows the browser the page and waits for the page's word.
func driveChromium(ctx context.Context, _ *Env, base, agent string) error {
	path, err := findChromium()
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "agreement-chromium-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan string, 1)
	s, err := serveHTTP(ctx, chromiumPages(base, agent, done))
	if err != nil {
		return err
	}
	// The sandbox needs what containers and root do not give it. The page and
	// the fuzzing server are the only hosts: nothing else is resolved.
	cmd := process.Command(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
		"--remote-debugging-port=0", "--user-data-dir="+profile, "http"+strings.TrimPrefix(s.URL, "ws")+"/#drive")
	ended, err := startCommand(ctx, cmd, func(string) {}) // it complains of much
	if err != nil {
		return err
	}
	select {
	case failure := <-done:
		cancel()
		<-ended
		if failure != "" {
			return errors.New("the page: " + failure)
		}
		return nil
	case err := <-ended:
		return fmt.Errorf("the browser ended: %w", errors.Join(err, ctx.Err()))
	}
}

// Page serves the page that makes a browser a peer.
func Page(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, files, "files/page.html")
}

// chromiumPages serves the page, tells it what to do and hears its word.
func chromiumPages(base, agent string, done chan<- string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", Page)
	mux.HandleFunc("GET /task", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"base": base, "agent": agent})
	})
	mux.HandleFunc("POST /done", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<12))
		select {
		case done <- string(body):
		default:
		}
	})
	return mux
}
