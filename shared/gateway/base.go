package gateway

import "strings"

// basePath returns what a custom domain's base path mapping put before the resource: "/tpm" for the path /tpm/index.php/api/v6/... and
// the resource /index.php/{proxy+}. Without a mapping the path matches its resource from the start and the result is "". The
// mapping must not begin with the name that its resources begin with ("api", "index.php"): /api/api/... cannot be told apart.
func basePath(path, resource string) string {
	if resource == "" {
		return ""
	}
	pattern := strings.FieldsFunc(resource, isSlash)
	for at := 0; at < len(path); at++ {
		if path[at] == '/' && matches(strings.FieldsFunc(path[at:], isSlash), pattern) {
			return path[:at]
		}
	}
	return ""
}

// matches reports whether the path is one of the resource's. Slashes were merged on both sides, as the gateway does to route.
func matches(path, pattern []string) bool {
	for i, want := range pattern {
		switch {
		case i >= len(path):
			return false
		case strings.HasSuffix(want, "+}"):
			return true
		case !strings.HasPrefix(want, "{") && want != path[i]:
			return false
		}
	}
	return len(path) == len(pattern)
}

func isSlash(r rune) bool { return r == '/' }

// stagePath returns the stage as it stands in URLs: "/prod" on the gateway's own domain names, nothing on custom ones.
func stagePath(domain, stage string) string {
	if stage == "" || !strings.Contains(domain, ".execute-api.") || !strings.Contains(domain, ".amazonaws.com") {
		return ""
	}
	return "/" + stage
}
