package sim

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openceir/openceir/receipt"
)

// fact is a record as the witness reads it from its text, by the format page alone.
type fact struct {
	index              uint64
	time               time.Time
	refuses, releases  uint64
	proposal           uint64
	approvals          []signature
	kind, key, by      string
	authority          uint64
	effect, personal   string // commitments
	content            string // text that people sign
	leaf               [32]byte
	body               []byte // of the effect
	ops                []op   // of a measure
	pairs              int    // active pairs whose answer it changed, at least: counted one by one
	thefts             int    // devices that it took from stolen or lost, at least
	persons            []string
	tier               int // support: 0 to 4, as list.Tier counts them
	rule               string
	announcedTheDayOff bool // by a proposal of the same content, 24 hours before or more
}

type signature struct {
	person, verdict string
	bytes           []byte
}

// readFact takes a record's text apart.
func readFact(text string) (*fact, error) {
	f := &fact{leaf: sha256.Sum256([]byte("\x00" + text))}
	head, content, ok := strings.Cut(text, "\n\n")
	if !ok || !strings.HasPrefix(head, "openceir record 1\n") || !strings.HasPrefix(content, "openceir content 1\n") {
		return nil, fmt.Errorf("it is not a record: %q", text)
	}
	f.content = content
	for _, line := range strings.Split(strings.TrimSuffix(head+"\n"+content, "\n"), "\n") {
		name, value, _ := strings.Cut(line, " ")
		if err := f.field(name, value); err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
	}
	return f, nil
}

func (f *fact) field(name, value string) (err error) {
	number := func(to *uint64) { *to, err = strconv.ParseUint(value, 10, 64) }
	switch name {
	case "index":
		number(&f.index)
	case "time":
		f.time, err = time.Parse(time.RFC3339Nano, value)
	case "refuses":
		number(&f.refuses)
	case "releases":
		number(&f.releases)
	case "proposal":
		number(&f.proposal)
	case "authority":
		number(&f.authority)
	case "kind":
		f.kind = value
	case "key":
		f.key = value
	case "by":
		f.by = value
	case "effect":
		f.effect = value
	case "personal":
		f.personal = value
	case "approval":
		w := strings.Split(value, " ")
		var s []byte
		s, err = base64.StdEncoding.DecodeString(w[2])
		f.approvals = append(f.approvals, signature{w[0], w[1], s})
	case "openceir":
	default:
		err = fmt.Errorf("an unknown name")
	}
	return err
}

// digest is what people sign.
func (f *fact) digest() string {
	d := sha256.Sum256([]byte(f.content))
	return hex.EncodeToString(d[:])
}

// commits reports whether salt and body are what a commitment commits to, by the words of
// docs/formats/acts.md.
func commits(to string, o receipt.Opening) bool {
	lines := strings.SplitAfter(string(o.Body), "\n")
	if n := len(lines); n > 1 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	var leaves [][32]byte
	for i, line := range lines {
		salt := sha256.Sum256(append(o.Salt[:], number8(i)...))
		leaves = append(leaves, sha256.Sum256([]byte("\x00"+string(salt[:16])+line)))
	}
	root := treeRoot(leaves)
	d := sha256.Sum256(append(number8(len(lines)), root[:]...))
	return hex.EncodeToString(d[:]) == to
}

func number8(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// people is a directory as the witness reads it: keys by person.
type people map[string]ed25519.PublicKey

func readPeople(body []byte) people {
	d := people{}
	for _, line := range strings.Split(string(body), "\n") {
		if w := strings.Split(line, " "); w[0] == "person" {
			d[w[1]], _ = base64.StdEncoding.DecodeString(w[2])
		}
	}
	return d
}

// readNetworks returns the operator of each network that a directory names.
func readNetworks(body []byte) map[string]string {
	out := map[string]string{}
	for _, line := range strings.Split(string(body), "\n") {
		if w := strings.Split(line, " "); w[0] == "organisation" && len(w) == 3 {
			for _, plmn := range strings.Split(w[2], ",") {
				out[plmn] = w[1]
			}
		}
	}
	return out
}

// support counts who stands behind a record. Whatever is not as it must be is an error.
func (d people) support(f *fact) (persons []string, organisations int, err error) {
	who, orgs := map[string]bool{}, map[string]bool{}
	for _, s := range f.approvals {
		author := f.by == "person "+s.person
		text := "openceir approval 1\n" + s.verdict + "\n" + s.person + "\n" + f.digest() + "\n"
		switch {
		case who[s.person]:
			return nil, 0, fmt.Errorf("%s counts twice", s.person)
		case author != (s.verdict == "asks") || s.verdict == "deny":
			return nil, 0, fmt.Errorf("%s %s", s.person, s.verdict)
		case d[s.person] == nil:
			return nil, 0, fmt.Errorf("%s may not sign", s.person)
		case !ed25519.Verify(d[s.person], []byte(text), s.bytes):
			return nil, 0, fmt.Errorf("the signature of %s is forged", s.person)
		}
		who[s.person], orgs[organisation(s.person)] = true, true
		persons = append(persons, s.person)
	}
	if p, is := strings.CutPrefix(f.by, "person "); is && !who[p] {
		return nil, 0, fmt.Errorf("its author %s has not signed", p)
	}
	return persons, len(orgs), nil
}

// treeRoot hashes leaves as RFC 6962 §2.1 says, by its own words.
func treeRoot(leaves [][32]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		l, r := treeRoot(leaves[:k]), treeRoot(leaves[k:])
		return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
	}
}
