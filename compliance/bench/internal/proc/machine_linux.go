package proc

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine returns the model of the processor and the version of the kernel.
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
	return cpu, unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
