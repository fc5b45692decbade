package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"tresor/infra/localaws"
	"tresor/shared/auth"
	"tresor/shared/blob"
	"tresor/shared/blob/s3"
	"tresor/shared/depot"
	"tresor/shared/invoke"
	"tresor/shared/vault"
)

// testFiles: what TPM and TeamPass upload, TPM gives back byte by byte, from objects that do not show it.
func (s *stage) testFiles(t *testing.T) {
	c := s.caller()
	status, out := c.tpm(t, http.MethodPost, "projects", object{"name": "Files", "parent_id": 0})
	project := text(must(t, http.StatusCreated, status, out), "id")
	id := dialects[0].create(t, c, project, entry{"With files", "root", "secret"})
	content := bytes.Repeat([]byte("\x00\xff\xfenot UTF-8 "), 10_000)
	status, out = c.tpm(t, http.MethodPost, "passwords/"+id+"/upload", object{"file_data_base64": base64.StdEncoding.EncodeToString(content), "file_name": "Pläne.bin"})
	byTPM := text(must(t, http.StatusCreated, status, out), "id")
	s.upload(t, c, id, content)
	status, out = c.teamPass(t, "read/listfiles/"+id)
	listed := must(t, http.StatusOK, status, out)
	if len(listed) != 2 {
		t.Fatalf("TeamPass lists %v, want two files", listed)
	}
	for file := range listed {
		status, out := c.signed(t, http.MethodGet, "files/download/"+file, nil)
		shown := must(t, http.StatusOK, status, out)
		if got, err := base64.StdEncoding.DecodeString(text(shown, "file_data_base64")); err != nil || !bytes.Equal(got, content) {
			t.Errorf("file %s: %d bytes, %v, want %d as they were", file, len(got), err, len(content))
		}
	}
	if n := s.objects(t, "files/", "not UTF-8"); n != 2 {
		t.Errorf("%d objects, want two", n)
	}
	status, out = c.tpm(t, http.MethodDelete, "files/"+byTPM, nil)
	must(t, http.StatusNoContent, status, out)
	if status, _ := c.tpm(t, http.MethodGet, "files/download/"+byTPM, nil); status != http.StatusNotFound {
		t.Errorf("a deleted file: got %d", status)
	}
}

// upload is TeamPass's add/file.
func (s *stage) upload(t *testing.T, c *caller, item string, content []byte) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	err := w.WriteField("item_id", item)
	if err == nil {
		part, failed := w.CreateFormFile("file", "by-teampass.bin")
		if failed == nil {
			_, failed = part.Write(content)
		}
		err = failed
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	status, out := send(t, http.MethodPost, c.url+"/api/index.php/add/file?apikey="+c.admin.APIKey, http.Header{"Content-Type": {w.FormDataContentType()}}, form.Bytes())
	if got := must(t, http.StatusOK, status, out); got["status"] != "success" {
		t.Fatalf("add/file: %v", got)
	}
}

// store is the vault's part of the bucket, seen from here.
func (s *stage) store(t *testing.T) *s3.Store {
	t.Helper()
	b, err := s3.New(s3.NewClient(s.Services.S3.Config(s.Services.S3.ID, s.Services.S3.Secret)), s3.Config{Bucket: s.Services.Bucket(), Prefix: localaws.Vault})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// objects counts the vault's objects below a prefix and looks for what none of them may show.
func (s *stage) objects(t *testing.T, prefix string, secrets ...string) int {
	t.Helper()
	list, err := s.store(t).List(t.Context(), prefix, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		if o.Size == 0 {
			t.Errorf("%s is empty", o.Key)
		}
		content := s.content(t, localaws.Vault+"/"+o.Key)
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s shows %q", o.Key, secret)
			}
		}
	}
	return len(list)
}

// content returns an object of the bucket as it is.
func (s *stage) content(t *testing.T, key string) []byte {
	t.Helper()
	bucket := s.Services.Bucket()
	out, err := s.Services.Client().GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer func() { _ = out.Body.Close() }()
	var content bytes.Buffer
	if _, err := content.ReadFrom(out.Body); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return content.Bytes()
}

// testExports: config/export and config/backup put into the bucket what they say, where they say, and it shows no password.
func (s *stage) testExports(t *testing.T) {
	c := s.caller()
	const canary = "canary-in-an-export"
	status, out := c.tpm(t, http.MethodPost, "projects", object{"name": "Exported", "parent_id": 0})
	dialects[0].create(t, c, text(must(t, http.StatusCreated, status, out), "id"), entry{"Exported entry", "root", canary})
	for method, mark := range map[string]string{"config/export": "<Encrypted hash=", "config/backup": "tresor"} {
		location := text(c.sysPassResult(t, method, object{"path": "/nightly", "password": "of the export"}), "location")
		key, ok := strings.CutPrefix(location, "s3://"+s.Services.Bucket()+"/")
		if !ok || !strings.Contains(key, "nightly") {
			t.Errorf("%s: it is at %q", method, location)
			continue
		}
		if content := s.content(t, key); !bytes.Contains(content, []byte(mark)) || bytes.Contains(content, []byte(canary)) || bytes.Contains(content, []byte("Exported entry")) {
			t.Errorf("%s: %d bytes, which are none or show what they hold", method, len(content))
		}
	}
}

// testLargeExport has the exporter make an export, through Lambda's asynchronous call; it is the vault's first job, which the recorded event names too.
func (s *stage) testLargeExport(t *testing.T) {
	system, err := s.Services.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config := s.Services.S3.Config(s.Services.S3.ID, s.Services.S3.Secret)
	config.BaseEndpoint = &s.Lambda.URL
	exporter, err := invoke.New(config, "ExporterFunction")
	if err != nil {
		t.Fatal(err)
	}
	var objects blob.Store = s.store(t)
	d := depot.New(depot.Parts{Vault: system.Vault, Log: system.Log, Store: system.Store, Sealer: system.Sealer, Blobs: objects, Later: exporter})
	asking := vault.Request{Auth: auth.Token(s.Admin.SysPass.AuthToken), Action: vault.Action{Dialect: vault.SysPass, Name: "config/export", Reveals: true}}
	location, err := d.ExportLater(t.Context(), asking, "large", "")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		r, size, err := objects.Open(t.Context(), strings.TrimPrefix(location, "s3://"+s.Services.Bucket()+"/"+localaws.Vault+"/"), 0, -1)
		if err == nil {
			content, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || int64(len(content)) != size || !bytes.Contains(content, []byte("<Root")) {
				t.Errorf("an export of %d bytes: %v, %.60q", size, err, content)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no export at %s: %v", location, err)
		}
	}
}
