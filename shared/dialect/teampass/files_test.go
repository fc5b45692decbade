package teampass_test

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"tresor/shared/attach"
	"tresor/shared/blob/blobtest"
	"tresor/shared/dialect/teampass"
	"tresor/shared/vault"
)

// upload sends add/file as the gateway brings it: in Base64, because the form's media type is one of the binary ones.
func (s *system) upload(t *testing.T, key, item, name string, content []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("item_id", item); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	out := s.send(t.Context(), events.APIGatewayProxyRequest{
		HTTPMethod: http.MethodPost, Path: "/api/index.php/add/file", Resource: "/api/index.php/{proxy+}",
		QueryStringParameters: map[string]string{"apikey": s.keys[key]}, MultiValueHeaders: map[string][]string{"Content-Type": {form.FormDataContentType()}},
		Body: base64.StdEncoding.EncodeToString(body.Bytes()), IsBase64Encoded: true,
	})
	return out.StatusCode, out.Body
}

// TestUploadsKeepEveryByte: what is no text arrives as it was sent, up to the limit.
func TestUploadsKeepEveryByte(t *testing.T) {
	s := newSystem(t)
	files := attach.New(blobtest.Folder(t), s.Sealer)
	s.serve(teampass.NewHandlerWithFiles(s.Vault, s.Auth, files))
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, content := range [][]byte{all, bytes.Repeat(all, vault.MaxFileSize/256)} {
		if status, body := s.upload(t, "admin", "1", "a b.bin", content); status != http.StatusOK || body != `{"status":"success"}` {
			t.Fatalf("got %d %s", status, body)
		}
	}
	req := vault.Operator{}
	kept, err := vault.View(t.Context(), s.Vault, vault.Request{Auth: req}, func(r *vault.Reader) ([]*vault.File, error) { return r.Files(1) })
	if err != nil || len(kept) != 2 {
		t.Fatalf("got %v, %v", kept, err)
	}
	for _, f := range kept {
		content, err := files.Get(t.Context(), f.Object, f.Size)
		if err != nil || f.Name != "a b.bin" || !bytes.Equal(content, bytes.Repeat(all, len(content)/256)) || len(content) < 256 {
			t.Errorf("got %+v, %d bytes, %v", f, len(content), err)
		}
	}
	for what, call := range map[string]func() (int, string){
		"one byte more": func() (int, string) { return s.upload(t, "admin", "1", "a", make([]byte, vault.MaxFileSize+1)) },
		"empty":         func() (int, string) { return s.upload(t, "admin", "1", "a", nil) },
		"no name":       func() (int, string) { return s.upload(t, "admin", "1", "..", all) },
		"a long name":   func() (int, string) { return s.upload(t, "admin", "1", strings.Repeat("x", 256), all) },
	} {
		if status, body := call(); status != http.StatusOK || body != `{"err":"Provided parameters are not correct"}` {
			t.Errorf("%s: got %d %s", what, status, body)
		}
	}
	if kept, err := vault.View(t.Context(), s.Vault, vault.Request{Auth: req}, func(r *vault.Reader) ([]*vault.File, error) { return r.Files(1) }); err != nil || len(kept) != 2 {
		t.Errorf("got %d files, %v", len(kept), err)
	}
}

// TestOnlyOnePartTakesFiles: elsewhere a form is what it was, an empty call.
func TestOnlyOnePartTakesFiles(t *testing.T) {
	for part, want := range map[teampass.Part]string{teampass.Uploads: `{"status":"success"}`, teampass.Items: `{"err":"No results"}`} {
		s := newSystem(t, part)
		if _, body := s.upload(t, "admin", "1", "a", []byte("x")); body != want {
			t.Errorf("part %d: got %s", part, body)
		}
	}
}
