package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// settingsOf returns what the command prints as JSON.
func settingsOf(t *testing.T, args ...string) (all map[string]string, set []string) {
	t.Helper()
	var out struct {
		Settings map[string]string `json:"settings"`
		Set      []string          `json:"set"`
	}
	if err := json.Unmarshal([]byte(ok(t, append([]string{"settings", "--json"}, args...)...)), &out); err != nil {
		t.Fatal(err)
	}
	return out.Settings, out.Set
}

// defaults are the settings of a new vault.
func defaults() map[string]string {
	return map[string]string{
		"syspass.master_password": "[set]", "teampass.api": "1", "teampass.sources": "all", "teampass.duplicate_item": "0", "teampass.duplicate_folder": "0", "teampass.max_password": "50",
		"tpm.hmac_window": "300", "tpm.api": "1", "tpm.auth": "both", "tpm.key_days": "0", "tpm.personal_passwords": "1", "tpm.page_size": "20", "tpm.expiry_soon_days": "30",
		"format": "1", "tpm.password_length": "20", "tpm.password_classes": "lower upper digits symbols", "trash.days": "90",
	}
}

func TestSettingsShowEverySettingAndWhichWereSet(t *testing.T) {
	dir, _ := newVault(t)
	all, set := settingsOf(t, "--data", dir)
	if diff := cmp.Diff(defaults(), all); diff != "" {
		t.Errorf("of a new vault (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"syspass.master_password"}, set); diff != "" {
		t.Errorf("set in a new vault (-want +got):\n%s", diff)
	}
	changed := defaults()
	changed["tpm.page_size"], changed["tpm.auth"], changed["tpm.password_classes"] = "50", "hmac", "lower digits"
	all, set = settingsOf(t, "--data", dir, "tpm.page_size=50", "tpm.auth=hmac", "tpm.password_classes=lower digits")
	if diff := cmp.Diff(changed, all); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"syspass.master_password", "tpm.auth", "tpm.page_size", "tpm.password_classes"}, set); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	people := ok(t, "settings", "--data", dir)
	for _, line := range []string{"tpm.auth=hmac\n", "tpm.password_classes=lower digits\n", "tpm.key_days=0 (default)\n", "syspass.master_password=[set]\n"} {
		if !strings.Contains(people, line) {
			t.Errorf("for people: no %q in\n%s", line, people)
		}
	}
	if n := strings.Count(people, "\n"); n != len(changed) {
		t.Errorf("for people: %d lines, want %d", n, len(changed))
	}
}

func TestSettingsAreTakenBack(t *testing.T) {
	dir, f := newVault(t)
	settingsOf(t, "--data", dir, "tpm.page_size=50", "tpm.api=0")
	s := startServer(t, "--data", dir)
	if status, body := tpmGet(t, s.url, "passwords/count", f.Admin.Username, f.Admin.Password); status != http.StatusForbidden || !strings.Contains(body, `"The API is disabled."`) {
		t.Errorf("switched off: %d %s", status, body)
	}
	all, set := settingsOf(t, "--data", dir, "tpm.page_size=", "tpm.api=")
	if diff := cmp.Diff(defaults(), all); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"syspass.master_password"}, set); diff != "" {
		t.Errorf("set (-want +got):\n%s", diff)
	}
	if status, body := tpmGet(t, s.url, "passwords/count", f.Admin.Username, f.Admin.Password); status != http.StatusOK || !strings.Contains(body, `"num_items_per_page":20}`) {
		t.Errorf("taken back: %d %s", status, body)
	}
}

// TestSettingsOutOfRangeAreRefused: none of what stands on the line is set then.
func TestSettingsOutOfRangeAreRefused(t *testing.T) {
	dir, _ := newVault(t)
	for _, wrong := range []string{
		"tpm.api=on", "tpm.auth=none", "tpm.auth=Basic", "tpm.key_days=-1", "tpm.key_days=36501", "tpm.key_days=1.5", "tpm.page_size=4", "tpm.page_size=1001", "tpm.page_size=+20", "tpm.page_size=020",
		"tpm.expiry_soon_days=-1", "tpm.expiry_soon_days=3651", "tpm.password_length=7", "tpm.password_length=129", "tpm.password_classes= ", "tpm.password_classes=lower letters", "tpm.password_classes=lower,upper",
		"tpm.nothing=1", "syspass.master_password=",
	} {
		if o := runCommand(t, "", "settings", "tpm.key_days=90", wrong, "--data", dir); o.status != statusUsage {
			t.Errorf("settings %s: %+v", wrong, o)
		}
	}
	for _, right := range []string{"tpm.key_days=36500", "tpm.page_size=5", "tpm.page_size=1000", "tpm.expiry_soon_days=0", "tpm.expiry_soon_days=3650", "tpm.password_length=8", "tpm.password_length=128", "tpm.password_classes=symbols"} {
		if o := runCommand(t, "", "settings", right, "--data", dir); o.status != 0 {
			t.Errorf("settings %s: %+v", right, o)
		}
	}
	if all, _ := settingsOf(t, "--data", dir, "tpm.key_days="); all["tpm.key_days"] != "0" {
		t.Errorf("tpm.key_days: %q", all["tpm.key_days"])
	}
}
