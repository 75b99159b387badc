package peers

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// The kits of npm, Python and Rust. In Java, each class path has a kit.
var (
	nodeKit   = kit{dir: "node", pins: "package-lock.json", build: buildNode}
	pythonKit = kit{dir: "python", pins: "requirements.txt", build: buildPython}
	rustKit   = kit{dir: "rust", pins: ".", always: true, build: buildRust}
	nettyKit  = javaKit("netty", "Netty", "NettyEcho")
)

func buildNode(ctx context.Context, dir, _ string) error {
	return runQuiet(ctx, dir, "npm", "ci", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts")
}

func buildPython(ctx context.Context, dir, _ string) error {
	python, err := find("python3", "python")
	if err != nil {
		return err
	}
	venv := filepath.Join(dir, "venv")
	if err := runQuiet(ctx, dir, python, "-m", "venv", "--clear", venv); err != nil {
		return err
	}
	return runQuiet(ctx, dir, filepath.Join(venv, "bin", "python"), "-m", "pip", "install",
		"--disable-pip-version-check", "-r", "requirements.txt")
}

func buildRust(ctx context.Context, dir, _ string) error {
	return runQuiet(ctx, dir, "cargo", "build", "--release", "--quiet")
}

// javaKit returns a kit with the jars of a profile in pom.xml and some classes of files.
func javaKit(profile string, classes ...string) kit {
	build := func(ctx context.Context, dir, profile string) error {
		to := filepath.Join(dir, profile)
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		err := runQuiet(ctx, dir, "mvn", "-q", "-B", "-P", profile,
			"dependency:copy-dependencies", "-DoutputDirectory="+to)
		if err != nil {
			return err
		}
		args := []string{"-proc:none", "-implicit:class", "-sourcepath", "src",
			"-cp", filepath.Join(to, "*"), "-d", filepath.Join(to, "classes")}
		for _, c := range classes {
			args = append(args, filepath.Join("src", c+".java"))
		}
		return runQuiet(ctx, dir, "javac", args...)
	}
	return kit{dir: "java", pins: ".", part: profile, build: build}
}

// The ways in which a program can run.
const (
	serves = 1 << iota
	drives
	exchanges
)

// newPeer returns the peer of a program that can run in these ways.
func newPeer(name, version string, p *program, ways int) *Peer {
	peer := &Peer{Name: name, Version: version, installed: p.kit.installed}
	peer.Install = func(ctx context.Context, env *Env) (string, error) {
		return version, p.kit.install(ctx, env)
	}
	if ways&serves != 0 {
		peer.Serve = p.serve
	}
	if ways&drives != 0 {
		peer.Drive = p.drive
	}
	if ways&exchanges != 0 {
		peer.Exchange = p.exchange
	}
	return peer
}

func nodeProgram(file string) *program {
	return &program{nodeKit, func(home string) []string {
		node, err := find("node", "nodejs")
		if err != nil {
			node = "node" // its start returns the error
		}
		return []string{node, filepath.Join(home, file)}
	}}
}

func pythonProgram(file string) *program {
	return &program{pythonKit, func(home string) []string {
		return []string{filepath.Join(home, "venv", "bin", "python"), "-u", filepath.Join(home, file)}
	}}
}

func rustProgram(name string) *program {
	return &program{rustKit, func(home string) []string {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		return []string{filepath.Join(home, "target", "release", name)}
	}}
}

// javaProgram returns the program of a class with the jars of a kit. Jars whose names begin
// with one of without are not on the class path.
func javaProgram(k kit, class string, without ...string) *program {
	return &program{k, func(home string) []string {
		dir := filepath.Join(home, k.part)
		path, _ := filepath.Glob(filepath.Join(dir, "*.jar")) // the pattern is valid
		path = slices.DeleteFunc(path, func(jar string) bool {
			return slices.ContainsFunc(without, func(prefix string) bool {
				return strings.HasPrefix(filepath.Base(jar), prefix)
			})
		})
		path = append(path, filepath.Join(dir, "classes"))
		return []string{
			"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", // these start fastest
			"-cp", strings.Join(path, string(os.PathListSeparator)), class,
		}
	}}
}

// mavenVersion returns the first version of an artifact in pom.xml.
func mavenVersion(artifact string) string {
	return pinned("java/pom.xml", "<artifactId>"+artifact+"</artifactId>\n          <version>")
}

// programs are the peers that are not Go libraries, except for the browser.
var programs = []*Peer{
	newPeer("ws", pinned("node/package.json", `"ws": "`), nodeProgram("ws.js"), serves|drives|exchanges),
	newPeer("faye", pinned("node/package.json", `"faye-websocket": "`),
		nodeProgram("faye.js"), serves|drives),
	newPeer("undici", pinned("node/package.json", `"undici": "`), nodeProgram("undici.js"), drives),
	newPeer("websockets", pinned("python/requirements.txt", "websockets=="),
		pythonProgram("websockets_peer.py"), serves|drives|exchanges),
	newPeer("aiohttp", pinned("python/requirements.txt", "aiohttp=="),
		pythonProgram("aiohttp_peer.py"), serves|drives),
	newPeer("tornado", pinned("python/requirements.txt", "tornado=="),
		pythonProgram("tornado_peer.py"), serves|drives|exchanges),
	// After an error, tungstenite closes TCP without a close frame.
	newPeer("tungstenite", pinned("rust/Cargo.toml", `tungstenite = "=`),
		rustProgram("tungstenite"), serves|drives),
	newPeer("tokio-websockets", pinned("rust/Cargo.toml", `tokio-websockets = { version = "=`),
		rustProgram("tokio-websockets"), serves|drives),
	newPeer("java-websocket", mavenVersion("Java-WebSocket"),
		javaProgram(javaKit("javawebsocket", "JavaWebSocket"), "JavaWebSocket"), serves|drives),
	newPeer("netty", mavenVersion("netty-codec-http"), javaProgram(nettyKit, "NettyEcho"), serves),

	newPeer("jetty11", "", javaProgram(javaKit("jetty11", "Jetty11"), "Jetty11"), exchanges),
	newPeer("jetty12", "", javaProgram(javaKit("jetty12", "Jetty12"), "Jetty12"), exchanges),
	newPeer("tyrus", "", javaProgram(javaKit("tyrus", "Tyrus"), "Tyrus"), exchanges),
	newPeer("netty-setup", "", javaProgram(nettyKit, "Netty"), exchanges),
	newPeer("netty-jdk", "", javaProgram(nettyKit, "Netty", "jzlib"), exchanges), // without jzlib
	newPeer("netty118", "", javaProgram(javaKit("netty118", "Netty"), "Netty"), exchanges),
}
