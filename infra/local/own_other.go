//go:build !linux

package main

import "syscall"

// own keeps Ctrl-C from the child, which is told by us.
func own() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
