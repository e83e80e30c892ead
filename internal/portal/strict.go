package portal

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/openceir/openceir/internal/problem"
)

// secureJSON sets the headers of every answer that is for programs.
func secureJSON(h http.Header) {
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// write writes an answer, or why there is none (RFC 9457).
func write(w http.ResponseWriter, r *http.Request, status int, v any, err error) {
	if err != nil {
		w.Header().Set("Content-Type", "application/problem+json")
		v = fault{"about:blank", http.StatusText(status), status, message(err)}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		json.NewEncoder(w).Encode(v) // the client that went away misses it
	}
}

// strictObject reads a JSON object into the named fields.
func strictObject(text []byte, fields map[string]any) error {
	names := strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
	wrong := func(format string, args ...any) error {
		return problem.New(problem.Invalid, "the body is not the JSON that this path reads, an object of "+names+": "+format, args...)
	}
	if !utf8.Valid(text) {
		return wrong("it is no UTF-8 text")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return wrong("it does not begin with {")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return wrong("%w", err)
		}
		name, _ := t.(string)
		target, known := fields[name]
		switch {
		case !known:
			return wrong("there is no field %q", name)
		case seen[name]:
			return wrong("%q is there twice", name)
		}
		seen[name] = true
		if err := d.Decode(target); err != nil {
			return wrong("%s: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return wrong("%w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return wrong("something follows it")
	}
	return nil
}
