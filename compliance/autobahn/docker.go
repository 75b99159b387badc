package autobahn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// DefaultImage is the suite's own Docker image at the pinned version.
const DefaultImage = "crossbario/autobahn-testsuite:" + Version

// The two directories of a run, as the container sees them.
const (
	dockerSpecDir = "/config"
	dockerOutDir  = "/reports"
)

// docker runs wstest in a container.
type docker struct {
	image string
	goos  string // for tests; "" means runtime.GOOS
}

func (d *docker) String() string { return "docker " + d.image }

// check asks the engine for its version, since the command may be installed without an
// engine. The version of the suite is the tag of the image.
func (d *docker) check(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("docker"); err != nil {
		return "", errors.New("docker is not on PATH")
	}
	if _, err := output(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return "", fmt.Errorf("no Docker engine answers: %w", err)
	}
	version := "?"
	if i := strings.LastIndexByte(d.image, ':'); i > strings.LastIndexByte(d.image, '/') {
		version = d.image[i+1:]
	}
	return version, nil
}

func (d *docker) command(ctx context.Context, j job) *exec.Cmd {
	return command(ctx, "docker", d.args(j)...)
}

// args returns the arguments of docker run. A fuzzingserver listens on every interface of
// its container. Its port is published on the host's loopback only, with the same number,
// since wstest compares the number with the Host field. A fuzzingclient must reach servers
// on the host's loopback. On Linux it uses the network of the host. Elsewhere the engine
// runs in a virtual machine, and reach replaces the host name.
func (d *docker) args(j job) []string {
	args := []string{
		"run", "--rm", "--init", "--name", containerName(j),
		"-v", j.specDir + ":" + dockerSpecDir + ":ro,z",
		"-v", j.outDir + ":" + dockerOutDir + ":z",
		"-e", "PYTHONUNBUFFERED=1",
	}
	switch {
	case j.mode == modeServer:
		args = append(args, "-p", fmt.Sprintf("127.0.0.1:%d:%d", j.port, j.port))
	case d.system() == "linux":
		args = append(args, "--network", "host")
	default:
		args = append(args, "--add-host", dockerHost+":host-gateway")
	}
	return append(args, d.image, "wstest", "-m", j.mode, "-u", "0", "-s", dockerSpecDir+"/"+specName)
}

// cleanUp removes the container, which the engine keeps running when only the docker
// command has ended.
func (d *docker) cleanUp(j job) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	_, _ = output(ctx, "docker", "rm", "--force", containerName(j)) // fails if the container is gone
}

func (d *docker) place(job) (specDir, outDir string) { return dockerSpecDir, dockerOutDir }

// dockerHost is the name of the host within a container.
const dockerHost = "host.docker.internal"

func (d *docker) reach(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || d.system() == "linux" {
		return raw
	}
	if !isLoopback(u.Hostname()) {
		return raw
	}
	host := dockerHost
	if port := u.Port(); port != "" {
		host = net.JoinHostPort(dockerHost, port)
	}
	u.Host = host
	return u.String()
}

func (d *docker) system() string {
	if d.goos != "" {
		return d.goos
	}
	return runtime.GOOS
}

// containerName returns the name of the run's temporary directory, which is unique.
func containerName(j job) string { return filepath.Base(j.specDir) }
