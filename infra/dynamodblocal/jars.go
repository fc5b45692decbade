package dynamodblocal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// install is what an error says to do about a missing program.
const install = "install a Java 17 runtime and Maven (Debian: apt-get install openjdk-17-jre-headless maven)"

// ModuleRoot returns the folder of the go.mod that the working directory belongs to.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module root: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the module root: no go.mod in the working directory or above it")
		}
		dir = parent
	}
}

// jars returns the folder with DynamoDB Local's jars, fetching them if they are not there. The folder's name is the hash of the
// pom, so that a changed pom is fetched anew.
func jars(ctx context.Context, root string) (string, error) {
	pom := filepath.Join(root, "infra", "dynamodblocal", "pom.xml")
	text, err := os.ReadFile(pom)
	if err != nil {
		return "", fmt.Errorf("read the pom of DynamoDB Local: %w", err)
	}
	sum := sha256.Sum256(text)
	cache := filepath.Join(root, ".tools", "dynamodb-local")
	dir := filepath.Join(cache, hex.EncodeToString(sum[:6]))
	if exists(dir) {
		return dir, nil
	}
	unlock, err := lock(cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // another process fetched them while we waited
		return dir, nil
	}
	return dir, fetch(ctx, pom, dir)
}

// fetch copies the jars to a folder beside dir and renames it at the end: a folder with the right name is complete.
func fetch(ctx context.Context, pom, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("fetch DynamoDB Local: mvn is not in PATH: %s", install)
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("fetch DynamoDB Local: %w", err)
	}
	cmd := exec.CommandContext(ctx, mvn, "-B", "-q", "-f", pom, "dependency:copy-dependencies", // fixed arguments
		"-DincludeScope=runtime", "-DoutputDirectory="+part)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("fetch DynamoDB Local with mvn: %w\n%s", err, tail(out))
	}
	if err := os.Rename(part, dir); err != nil {
		return fmt.Errorf("fetch DynamoDB Local: %w", err)
	}
	return nil
}

// lock takes the cache folder's lock file, waiting for whoever holds it. The system drops the lock of a process that dies, so
// nothing is left behind that a person must remove.
func lock(cache string) (unlock func(), err error) {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return nil, fmt.Errorf("lock the cache of DynamoDB Local: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600) // a path of ours
	if err != nil {
		return nil, fmt.Errorf("lock the cache of DynamoDB Local: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the cache of DynamoDB Local: %w", err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tail returns the last lines of a program's output.
func tail(out []byte) []byte {
	const most = 2000
	out = bytes.TrimSpace(out)
	return out[max(0, len(out)-most):]
}
