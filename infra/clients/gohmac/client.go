package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client signs each call with a user's key pair, as the documentation of the API says it.
type client struct {
	base    string // up to and without index.php
	version string
	public  string
	private string
	header  http.Header // with each call
	decoded bool        // signs the path before it was percent-encoded, as some clients do
	at      time.Time   // when it says that it signs; zero: now
}

// answer is what came back, whatever its status.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// sign is HMAC-SHA256 of the path after index.php/, the time and the body, one after the other, under the text of the private key.
func sign(private, uri, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(private))
	mac.Write([]byte(uri + timestamp))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// send calls a path of the API, "passwords.json" for example, with a body that may be nil.
func (c *client) send(method, path string, body []byte) (answer, error) {
	request, err := c.request(method, "api/"+c.version+"/"+path, body)
	if err != nil {
		return answer{}, err
	}
	return exchange(request)
}

func (c *client) request(method, uri string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(context.Background(), method, c.base+"/index.php/"+uri, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	_, wire, _ := strings.Cut(request.URL.EscapedPath(), "/index.php/")
	if c.decoded {
		if wire, err = url.PathUnescape(wire); err != nil {
			return nil, err
		}
	}
	at := c.at
	if at.IsZero() {
		at = time.Now()
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	for name, values := range c.header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("X-Public-Key", c.public)
	request.Header.Set("X-Request-Timestamp", timestamp)
	request.Header.Set("X-Request-Hash", sign(c.private, wire, timestamp, body))
	return request, nil
}

func exchange(request *http.Request) (answer, error) {
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, body}, err
}

// get decodes what a GET answers with 200.
func (c *client) get(path string, into any) (http.Header, error) {
	got, err := c.send(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d %s", path, got.status, got.body)
	}
	return got.header, json.Unmarshal(got.body, into)
}

// create posts values: 201 and the id, nothing else.
func (c *client) create(path string, values any) (int, error) {
	body, err := json.Marshal(values)
	if err != nil {
		return 0, err
	}
	got, err := c.send(http.MethodPost, path, body)
	if err != nil {
		return 0, err
	}
	var made struct {
		ID int `json:"id"`
	}
	decoder := json.NewDecoder(bytes.NewReader(got.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&made); got.status != http.StatusCreated || err != nil || made.ID <= 0 {
		return 0, fmt.Errorf("POST %s: %d %s", path, got.status, got.body)
	}
	return made.ID, nil
}

// change is a call that answers 204 and not one byte.
func (c *client) change(method, path string, body []byte) error {
	got, err := c.send(method, path, body)
	if err == nil && (got.status != http.StatusNoContent || len(got.body) > 0) {
		err = fmt.Errorf("%s %s: %d %q instead of 204", method, path, got.status, got.body)
	}
	return err
}

// refused is a call that must fail with this status, and with the error body that clients show.
func (c *client) refused(status int, method, path string, body []byte) error {
	got, err := c.send(method, path, body)
	if err != nil {
		return err
	}
	var said struct {
		Error         bool
		Type, Message string
	}
	if err := json.Unmarshal(got.body, &said); err != nil || got.status != status || !said.Error || said.Type != http.StatusText(status) || said.Message == "" {
		return fmt.Errorf("%s %s: %d %q instead of a refusal with %d", method, path, got.status, got.body, status)
	}
	return nil
}
