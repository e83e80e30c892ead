package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/subscriber"
)

// Directory says who may sign and report, from one act to the next of its kind. Its text:
//
//	organisation ministry
//	organisation north 00101,00104       an operator, with its networks
//	person ministry/amina kZ0f…          who may sign: Ed25519 public key in base64
//	node north/eir-1 8qTm…               what may report observations and acknowledge lists
//
// sorted, organisations before persons before nodes. The ledger's first record is a directory,
// approved by persons of at least two of its own organisations; every later one by two of the one
// before.
type Directory struct {
	Organisations map[string][]subscriber.PLMN
	Persons       map[string]ed25519.PublicKey // by ORGANISATION/NAME
	Nodes         map[string]ed25519.PublicKey // by ORGANISATION/NAME
}

// Bytes returns the directory's text.
func (d *Directory) Bytes() []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(d.Organisations)) {
		b.WriteString("organisation " + name)
		for i, p := range d.Organisations[name] {
			b.WriteByte(" ,"[min(i, 1)])
			b.WriteString(string(p))
		}
		b.WriteByte('\n')
	}
	for _, name := range slices.Sorted(maps.Keys(d.Persons)) {
		fmt.Fprintf(&b, "person %s %s\n", name, base64.StdEncoding.EncodeToString(d.Persons[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Nodes)) {
		fmt.Fprintf(&b, "node %s %s\n", name, base64.StdEncoding.EncodeToString(d.Nodes[name]))
	}
	return b.Bytes()
}

// ParseDirectory reads a directory's text.
func ParseDirectory(text []byte) (*Directory, error) {
	d := &Directory{
		Organisations: map[string][]subscriber.PLMN{},
		Persons:       map[string]ed25519.PublicKey{},
		Nodes:         map[string]ed25519.PublicKey{},
	}
	for line := range strings.Lines(string(text)) {
		if err := d.parseLine(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("reading directory: %w", err)
		}
		if len(d.Organisations)+len(d.Persons)+len(d.Nodes) > maxPeople {
			return nil, fmt.Errorf("reading directory: more than %d organisations, persons and nodes", maxPeople)
		}
	}
	if !bytes.Equal(d.Bytes(), text) {
		return nil, fmt.Errorf("reading directory: the text does not print back to the same bytes (sorted, each line once)")
	}
	if err := d.distinct(); err != nil {
		return nil, fmt.Errorf("reading directory: %w", err)
	}
	return d, nil
}

// distinct refuses one key under two names, which would let one person count as two, and one
// network of two organisations.
func (d *Directory) distinct() error {
	owner := map[string]string{}
	for _, keys := range []map[string]ed25519.PublicKey{d.Persons, d.Nodes} {
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			if other, ok := owner[string(keys[name])]; ok {
				return fmt.Errorf("%s and %s have one key: each makes a key of their own", other, name)
			}
			owner[string(keys[name])] = name
		}
	}
	network := map[subscriber.PLMN]string{}
	for _, name := range slices.Sorted(maps.Keys(d.Organisations)) {
		for _, p := range d.Organisations[name] {
			if other, ok := network[p]; ok {
				return fmt.Errorf("the network %s is listed for %s and for %s: it is of one organisation", p, other, name)
			}
			network[p] = name
		}
	}
	return nil
}

func (d *Directory) parseLine(line string) error {
	f := strings.Split(line, " ")
	switch {
	case f[0] == "organisation" && len(f) > 1 && f[1] == "national":
		return fmt.Errorf("line %q: national is the name of the list for everybody; name the organisation otherwise", line)
	case f[0] == "organisation" && (len(f) == 2 || len(f) == 3) && word(f[1]):
		d.Organisations[f[1]] = nil
		if len(f) == 3 {
			for _, s := range strings.Split(f[2], ",") {
				p, err := subscriber.ParsePLMN(s)
				if err != nil {
					return err
				}
				d.Organisations[f[1]] = append(d.Organisations[f[1]], p)
			}
		}
		return nil
	case (f[0] == "person" || f[0] == "node") && len(f) == 3 && IsName(f[1]):
		org, _, _ := strings.Cut(f[1], "/")
		key, err := decode64(f[2], ed25519.PublicKeySize)
		if _, ok := d.Organisations[org]; !ok || err != nil {
			return fmt.Errorf("line %q: the organisation is not listed or the key is not 32 bytes in base64", line)
		}
		if f[0] == "person" {
			d.Persons[f[1]] = key
		} else {
			d.Nodes[f[1]] = key
		}
		return nil
	}
	return fmt.Errorf("line %q: write organisation, person or node with its fields", line)
}

// Home returns the organisation that runs the subscriber's home network, "" if none does.
func (d *Directory) Home(i subscriber.IMSI) string {
	for _, name := range slices.Sorted(maps.Keys(d.Organisations)) {
		for _, p := range d.Organisations[name] {
			if i.In(p) {
				return name
			}
		}
	}
	return ""
}

// Support is who stands behind a record: distinct persons and their organisations.
type Support struct {
	Persons       []string
	Organisations []string
}

// Support verifies every approval of a record and says who stands behind it. A forged signature,
// an unknown person, a person twice, a denial, or an approval that the author gave to their own
// request is an error: such a record must not exist, so nothing of it counts.
func (d *Directory) Support(e *Record) (Support, error) {
	var s Support
	content := e.Content.Digest()
	orgs := map[string]bool{}
	for _, a := range e.Approvals {
		author := e.Content.By.Sort == Person && e.Content.By.Name == a.Person
		switch {
		case slices.Contains(s.Persons, a.Person):
			return s, fmt.Errorf("%s signed twice; one person counts once, ask another", a.Person)
		case a.Verdict == Deny:
			return s, fmt.Errorf("%s denied it; one denial vetoes", a.Person)
		case author && a.Verdict != Asks:
			return s, fmt.Errorf("%s approved their own request; ask another person", a.Person)
		case !author && a.Verdict == Asks:
			return s, fmt.Errorf("%s signed as the author but is not", a.Person)
		}
		key, ok := d.Persons[a.Person]
		if !ok {
			return s, fmt.Errorf("%s is not in the directory of approvers", a.Person)
		}
		if err := a.Verify(key, content); err != nil {
			return s, err
		}
		org, _, _ := strings.Cut(a.Person, "/")
		orgs[org] = true
		s.Persons = append(s.Persons, a.Person)
	}
	if e.Content.By.Sort == Person && !slices.Contains(s.Persons, e.Content.By.Name) {
		return s, fmt.Errorf("the signature of its author, %s, is missing", e.Content.By.Name)
	}
	s.Organisations = slices.Sorted(maps.Keys(orgs))
	return s, nil
}
