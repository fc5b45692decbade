package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// command is a subcommand.
type command struct {
	name  string // "user add"
	args  string // what follows the flags, for its usage
	short string
	run   func(*call) error
}

// commands is the whole command line on one screen. A function, because help refers to it.
func commands() []command {
	return []command{
		{"init", "", "make an empty vault and its first admin; prints the credentials", initVault},
		{"serve", "", "serve the sysPass, TeamPass and Team Password Manager APIs", serve},
		{"user add", "", "make a user", userAdd},
		{"user list", "", "list users", userList},
		{"user disable", "USERNAME", "shut a user out, with all its tokens", userDisable},
		{"user enable", "USERNAME", "let a disabled user in again", userEnable},
		{"user group", "USERNAME ID", "set the main group that sysPass's rules look at; 0: none", userGroup},
		{"user password", "USERNAME", "set a user's password, a made-up one unless given", userPassword},
		{"token add", "", "make a token, API key or key pair for a user; prints it", tokenAdd},
		{"token list", "", "list tokens, without their secrets", tokenList},
		{"token revoke", "ID", "end a token; holds from the next request on", tokenRevoke},
		{"token refresh", "ID", "give a token new strings; the old ones end at once", tokenRefresh},
		{"revoke", "", "after a leak: end every token and password but those that are kept", revokeAll},
		{"keys list", "", "list the keys of each keyset, without the keys", keysList},
		{"keys rotate", "", "add a key to each keyset, wait, and make it the one that seals", keysRotate},
		{"keys reseal", "", "put what lies under older keys under the newest", keysReseal},
		{"keys rewrap", "", "put the keysets of a vault in a folder under another key file", keysRewrap},
		{"settings", "[KEY=VALUE]...", "show or change settings", settings},
		{"versions", "ENTRY", "list the versions of an entry's secrets, without the secrets", entryVersions},
		{"revert", "ENTRY VERSION", "make an earlier version of an entry's secrets the newest", revertEntry},
		{"undelete", "ENTRY", "take an entry out of the trash", undeleteEntry},
		{"snapshot", "", "write a snapshot of the index, which a start reads instead of all records", takeSnapshot},
		{"export syspass", "", "write all shared entries as sysPass's XML", exportSysPass},
		{"import syspass", "", "take the accounts of a sysPass export", importSysPass},
		{"audit verify", "", "recompute the hash chains of journals and access records, and compare them with anchors", auditVerify},
		{"audit anchor", "", "write down where the journals are, to be kept elsewhere", auditAnchor},
		{"backup", "", "write the whole vault into one sealed file, or verify such a file", backup},
		{"restore", "", "make a vault of a backup, in an empty place", restoreVault},
		{"repair", "", "bring both journals to one moment, after their tables were brought back to two", repair},
		{"bench", "", "measure the figures that the design promises", runBench},
	}
}

// find returns the command that args begin with, and what follows its name.
func find(args []string) (*command, []string) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return &c, args[len(words):]
		}
	}
	return nil, nil
}

// help answers a command line without a command: asked for on standard output, else as wrong usage.
func help(args []string, std streams) int {
	out, status := std.err, statusUsage
	if len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		out, status = std.out, statusOK
		args = args[1:]
		if c, _ := find(args); c != nil {
			return run(nil, append(strings.Fields(c.name), "-h"), std) //nolint:staticcheck // -h comes before any use of the context
		}
	}
	if len(args) > 0 && !group(args[0]) {
		fmt.Fprintf(std.err, "tresor: unknown command %q\n", args[0])
		out, status = std.err, statusUsage
	}
	list(out, args)
	return status
}

// group reports whether commands of two words begin with word.
func group(word string) bool {
	return slices.ContainsFunc(commands(), func(c command) bool { return strings.HasPrefix(c.name, word+" ") })
}

func list(w io.Writer, args []string) {
	fmt.Fprint(w, "usage: tresor COMMAND [flags]\n\n")
	for _, c := range commands() {
		if len(args) == 0 || !group(args[0]) || strings.HasPrefix(c.name, args[0]+" ") {
			fmt.Fprintf(w, "  %-30s %s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
		}
	}
	fmt.Fprint(w, "\nEvery command takes --data DIR or --store dynamodb, and --json. `tresor COMMAND -h` shows the rest.\n")
}
