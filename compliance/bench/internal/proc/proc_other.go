//go:build !linux

package proc

import "time"

func CPUTime(pid int) (time.Duration, error) { return 0, ErrUnsupported }

func Calls(pid int) (int64, error) { return 0, ErrUnsupported }

func Memory(pid int) (int64, error) { return 0, ErrUnsupported }

func Pin() (start func(func() error) error, err error) { return nil, ErrUnsupported }
