// Package syspass speaks the sysPass 3.x JSON-RPC API. It decodes calls, names what each method needs, and encodes answers; it keeps no
// rule and no data of its own.
//
// The one idea: clients were written against a PHP program, so what they may rely on is what PHP did with their bytes. Decoder, coercion and
// encoder are therefore PHP's (json.go, coerce.go, encode.go), each small and by itself, and everything behind them sees typed
// requests. Numbers such as "syspass 1.3" in comments name the sections of the wire contract; docs/syspass.md says what deliberately
// differs from the original.
package syspass
