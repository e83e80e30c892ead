package eir

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/feed"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// settings are what a configuration says, read and found to fit together.
type settings struct {
	organisation string
	replica      *list.Replica   // without Log if no list is believed
	feed         *feed.Client    // without a clock; nil if there is no centre
	pseudonyms   *subscriber.Key // nil where numbers are clear
}

// read reads a configuration. A mistake is Invalid and says what to write; a key that is not there,
// NotFound.
func read(c *config.EIR) (*settings, error) {
	org, name, ok := strings.Cut(c.Node, "/")
	if !ok || !plain(org) || !plain(name) {
		return nil, problem.New(problem.Invalid, "the node's name %q is not ORGANISATION/NAME: write node: as the directory of approvers has it", c.Node)
	}
	s := &settings{organisation: org}
	for key, addr := range map[string]string{"s13": c.S13.Listen, "n17": c.N17.Listen} {
		if addr != "" && !isAddress(addr) {
			return nil, problem.New(problem.Invalid, "%q is no address to listen at: write for instance %s: {listen: '127.0.0.1:3868'}", addr, key)
		}
	}
	var err error
	if s.replica, err = readReplica(c, org); err != nil {
		return nil, err
	}
	if c.PseudonymKey != "" {
		if s.pseudonyms, err = secret.ReadPseudonymKey(c.PseudonymKey); err != nil {
			return nil, err
		}
	}
	s.feed, err = readFeed(c)
	return s, err
}

// plain reports whether a text can be one half of a node's name.
func plain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' })
}

// isAddress reports whether a text is HOST:PORT.
func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func readReplica(c *config.EIR, org string) (*list.Replica, error) {
	r := &list.Replica{Stream: c.Stream, Skew: 5 * time.Minute}
	if r.Stream == "" {
		r.Stream = org
	}
	if r.Stream != org && r.Stream != list.National && c.Centre != "" {
		return nil, problem.New(problem.Invalid, "the stream %q is not for nodes of %s: write stream: %s, stream: national, or none", c.Stream, org, org)
	}
	var err error
	if c.Log != "" {
		if r.Log, err = note.NewVerifier(c.Log); err != nil {
			return nil, problem.New(problem.Invalid, "the log's public key is not one: %w: write log: as ceir init printed it", err)
		}
	}
	if c.Founders != "" {
		if r.Founders, err = receipt.ParseDigest(c.Founders); err != nil {
			return nil, problem.New(problem.Invalid, "founders: %w: write it as ceir init printed it", err)
		}
	}
	return r, nil
}

func readFeed(c *config.EIR) (*feed.Client, error) {
	if c.Centre == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Centre)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, problem.New(problem.Invalid, "the centre's URL %q is not one: write for instance centre: http://127.0.0.1:8470", c.Centre)
	}
	if c.Key == "" {
		return nil, problem.New(problem.Invalid, "a node with a centre signs what it says: write key: FILE with the node's private key, which ceir key --out FILE makes")
	}
	key, err := secret.ReadKey(c.Key)
	if err != nil {
		return nil, err
	}
	return &feed.Client{Centre: u, Node: c.Node, Key: key}, nil
}
