// Package secret reads and writes the private keys of persons and nodes, and the keys of subscribers'
// pseudonyms, kept in files: the Ed25519 seed (RFC 8032 §5.1.5), or the secret, 32 bytes in base64 and
// a line feed.
package secret

import (
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

// NewKey draws a private key and returns it with its file's text.
func NewKey(random io.Reader) (ed25519.PrivateKey, string, error) {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, "", err
	}
	return key, base64.StdEncoding.EncodeToString(key.Seed()) + "\n", nil
}

// ReadKey reads a private key from its file.
func ReadKey(path string) (ed25519.PrivateKey, error) {
	seed, err := read(path, "private key")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ReadPseudonymKey reads a key of subscribers' pseudonyms from its file.
func ReadPseudonymKey(path string) (*subscriber.Key, error) {
	secret, err := read(path, "key of pseudonyms")
	if err != nil {
		return nil, err
	}
	return subscriber.NewKey(secret)
}

// size is of every secret, in bytes.
const size = 32

func read(path, what string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, problem.New(problem.NotFound, "reading a %s: %w", what, err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != size {
		return nil, problem.New(problem.Invalid, "%s is no %s: it holds %d bytes in base64", path, what, size)
	}
	return secret, nil
}

// Write writes a file that only its owner reads, and that is not there yet.
func Write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return problem.New(problem.Conflict, "writing a key: %w: a key is never replaced; move the old one away first", err)
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
