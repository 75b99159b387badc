//go:build !amd64 || purego || tinygo || race

package wire

const useVectors = false

func maskVectors(*byte, int, uint32) { panic("BUG: no assembly") }

func validVectors(*byte, int) int { panic("BUG: no assembly") }
