package receipt

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
)

// Kind says what a content is about; it decides the form of its effect's body.
type Kind string

// The kinds that a verifier outside must understand. The ledger knows more; to a verifier those
// are leaves like any other.
const (
	Measure     Kind = "measure"     // changes lines of the list; body: list.Ops
	Policy      Kind = "policy"      // gives a rule its authority and daily ceiling; body: list.Policy
	Founding    Kind = "directory"   // organisations, approvers and nodes from now on; body: Directory
	Denominator Kind = "denominator" // how many pairs are active, the base of every share; body: list.Active
	Proposal    Kind = "proposal"    // announces a content that people are asked to sign; body: the content
)

// Content is what people sign.
type Content struct {
	Kind      Kind
	Key       Digest
	By        Author
	Authority uint64 // index of the policy it rests on; 0 for none (index 0 is the first directory, never a policy)
	Effect    Digest
	Personal  Digest // zero for none
}

// Author says who asks: a person ("person ministry/amina"), a rule ("rule stolen-list") or a part
// of the system ("office import").
type Author struct{ Sort, Name string }

// Sorts of authors.
const (
	Person = "person"
	Rule   = "rule"
	Office = "office"
)

// String returns the sort and the name.
func (a Author) String() string { return a.Sort + " " + a.Name }

// ParseAuthor reads what String writes.
func ParseAuthor(s string) (Author, error) {
	sort, name, _ := strings.Cut(s, " ")
	a := Author{sort, name}
	switch {
	case sort == Person && IsName(name), (sort == Rule || sort == Office) && word(name):
		return a, nil
	}
	return a, fmt.Errorf("reading author %q: write person ORGANISATION/NAME, rule NAME or office NAME", s)
}

// Bytes returns the content's text, the bytes that are digested and signed.
func (c *Content) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "openceir content 1\nkind %s\nkey %s\nby %s\n", c.Kind, c.Key, c.By)
	if c.Authority != 0 {
		fmt.Fprintf(&b, "authority %d\n", c.Authority)
	}
	fmt.Fprintf(&b, "effect %s\n", c.Effect)
	if c.Personal != (Digest{}) {
		fmt.Fprintf(&b, "personal %s\n", c.Personal)
	}
	return b.Bytes()
}

// Digest returns the SHA-256 of the content's text.
func (c *Content) Digest() Digest { return sha256.Sum256(c.Bytes()) }

// ParseContent reads a content's text.
func ParseContent(text []byte) (*Content, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("reading content: longer than %d bytes", maxRecord)
	}
	r := &reader{rest: text}
	c := r.content()
	if r.err == nil && (len(r.rest) > 0 || !bytes.Equal(c.Bytes(), text)) {
		r.fail("the text does not print back to the same bytes")
	}
	if r.err != nil {
		return nil, fmt.Errorf("reading content: %w", r.err)
	}
	return c, nil
}

func (r *reader) content() *Content {
	c := new(Content)
	r.literal("openceir content 1")
	c.Kind = Kind(r.value("kind"))
	if r.err == nil && !word(string(c.Kind)) {
		r.fail("kind %q is not a word", c.Kind)
	}
	c.Key = r.digest(r.value("key"))
	if by := r.value("by"); r.err == nil {
		c.By, r.err = ParseAuthor(by)
	}
	if a := r.optional("authority"); a != "" {
		c.Authority = r.number(a)
	}
	c.Effect = r.digest(r.value("effect"))
	if p := r.optional("personal"); p != "" {
		c.Personal = r.digest(p)
	}
	return c
}
