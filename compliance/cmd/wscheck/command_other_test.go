//go:build !unix

package main

const asCrasher = ""

func crasher(string) {}
