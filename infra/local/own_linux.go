package main

import "syscall"

// own keeps Ctrl-C from the child, which is told by us, and has it end with us.
func own() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
