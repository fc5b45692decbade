// Package arch holds no code: its test keeps the directions of imports, over what `go list -deps` says is linked. The linter's depguard says
// the same at the line that breaks it, but only of direct imports.
package arch
