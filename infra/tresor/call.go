package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"tresor/shared/vault"
)

// call is one use of a command: its flags, arguments and streams.
type call struct {
	streams
	ctx   context.Context
	cmd   *command
	raw   []string
	flags *flag.FlagSet
	place place
	json  bool
	args  []string // what is no flag
}

func newCall(ctx context.Context, c *command, args []string, std streams) *call {
	k := &call{streams: std, ctx: ctx, cmd: c, raw: args, flags: flag.NewFlagSet(c.name, flag.ContinueOnError)}
	k.flags.SetOutput(io.Discard)
	k.flags.Usage = func() {}
	k.flags.BoolVar(&k.json, "json", false, "print one JSON object on one line")
	k.flags.StringVar(&k.place.data, "data", "", "`folder` of an embedded vault")
	k.flags.StringVar(&k.place.store, "store", "", "`dynamodb`: the vault on AWS that the environment names")
	k.flags.StringVar(&k.place.keyFile, "key-file", "", "`file` with the embedded vault's key (TRESOR_KEY_FILE; default: in the folder)")
	return k
}

// parse reads flags and arguments, in any order, and checks how many arguments there are; max below 0: any number.
func (k *call) parse(least, most int) error {
	for rest := k.raw; ; {
		if err := k.flags.Parse(rest); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return usagef("%v", err)
		}
		rest = k.flags.Args()
		if len(rest) == 0 {
			break
		}
		k.args, rest = append(k.args, rest[0]), rest[1:]
	}
	switch n := len(k.args); {
	case n < least:
		return usagef("%s is missing", k.cmd.args)
	case most >= 0 && n > most:
		return usagef("%q is too much", k.args[most])
	}
	return nil
}

// usage prints what the command takes.
func (k *call) usage(w io.Writer) {
	fmt.Fprintf(w, "usage: tresor %s [flags]\n\n%s\n\n", strings.TrimSpace(k.cmd.name+" "+k.cmd.args), k.cmd.short)
	k.flags.VisitAll(func(f *flag.Flag) {
		value, about := flag.UnquoteUsage(f)
		fmt.Fprintf(w, "  --%-24s %s\n", strings.TrimSpace(f.Name+" "+value), about)
	})
}

// print writes the result: as JSON, or for people.
func (k *call) print(result any, people func(io.Writer)) error {
	if !k.json {
		w := bufio.NewWriter(k.out)
		people(w)
		return w.Flush()
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(result); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	_, err := k.out.Write(line.Bytes())
	return err
}

// request is what the command does, as the vault sees it.
func (k *call) request(writes bool) vault.Request {
	return vault.Request{Auth: vault.Operator{}, Action: vault.Action{Dialect: vault.Command, Name: k.cmd.name, Writes: writes}}
}

// maxSecretLine bounds what is read as a password.
const maxSecretLine = 64 << 10

// secret returns the value of a flag that holds a secret: itself, or for "-" a line of standard input, so that it is in no list of processes and no
// shell's history.
func (k *call) secret(value string) (string, error) {
	if value != "-" {
		return value, nil
	}
	text, err := io.ReadAll(io.LimitReader(k.in, maxSecretLine))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", errors.New("standard input holds no password")
	}
	return line, nil
}

// isSet reports whether a flag was given, be it with an empty value.
func (k *call) isSet(name string) (set bool) {
	k.flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// listFlag is a flag that may be repeated.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, " ") }

// Set adds a value.
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }
