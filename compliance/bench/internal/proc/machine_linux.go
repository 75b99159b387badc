package proc

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine returns the model of the processor, and the kernel with its major and minor version. The rest of the
// version may name a host or its provider.
func Machine() (cpu, kernel string) {
	cpu = "an unknown processor"
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			cpu = strings.TrimSpace(value)
			break
		}
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return cpu, "Linux"
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		return cpu, "Linux"
	}
	return cpu, fmt.Sprintf("Linux %d.%d", major, minor)
}
