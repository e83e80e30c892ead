package sim

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openceir/openceir/internal/ledger"
	"github.com/openceir/openceir/receipt"
	"github.com/openceir/openceir/subscriber"
)

// approvers are all who may ever sign, two or more in each of three organisations. The last two are
// strangers until a directory names them.
var approvers = []string{"ministry/amina", "ministry/bela", "regulator/chidi", "regulator/dora", "court/emeka", "court/farah", "ministry/guest", "press/hala"}

const founders = 5 // how many of them the first directory names

// networks are the operators, the last of which may join later.
var networks = []struct {
	name string
	plmn subscriber.PLMN
}{{"north", "00101"}, {"south", "00102"}, {"east", "00103"}, {"west", "00104"}}

// newKey draws a key from the world's dice.
func (w *World) newKey() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	w.random.Read(seed)
	return ed25519.NewKeyFromSeed(seed)
}

// draw makes everybody's keys, and the first directory.
func (w *World) drawPeople() {
	w.keys = map[string]ed25519.PrivateKey{}
	w.directory = &receipt.Directory{Organisations: map[string][]subscriber.PLMN{}, Persons: map[string]ed25519.PublicKey{}, Nodes: map[string]ed25519.PublicKey{}}
	for i, p := range approvers {
		w.keys[p] = w.newKey()
		if i < founders {
			w.appoint(w.directory, p)
		}
	}
	for i := range w.size.operators {
		n := networks[i]
		name := n.name + "/eir"
		w.keys[name] = w.newKey()
		if i < 3 {
			w.directory.Organisations[n.name] = []subscriber.PLMN{n.plmn}
			w.directory.Nodes[name] = w.public(name)
		}
	}
}

func (w *World) public(name string) ed25519.PublicKey {
	return w.keys[name].Public().(ed25519.PublicKey)
}

// appoint puts a person into a directory.
func (w *World) appoint(d *receipt.Directory, person string) {
	org, _, _ := strings.Cut(person, "/")
	if _, ok := d.Organisations[org]; !ok {
		d.Organisations[org] = nil
	}
	d.Persons[person] = w.public(person)
}

// changed returns the directory with one thing changed: a person more or less, or an operator more.
func (w *World) changedDirectory() *receipt.Directory {
	d := &receipt.Directory{Organisations: maps.Clone(w.directory.Organisations), Persons: maps.Clone(w.directory.Persons), Nodes: maps.Clone(w.directory.Nodes)}
	switch p := w.person(); {
	case w.chance(8): // nobody could ever change it again
		maps.DeleteFunc(d.Persons, func(p string, _ ed25519.PublicKey) bool { return organisation(p) != "ministry" })
	case w.chance(3) && w.size.operators > 3 && d.Organisations["west"] == nil:
		d.Organisations["west"] = []subscriber.PLMN{networks[3].plmn}
		d.Nodes["west/eir"] = w.public("west/eir")
	case d.Persons[p] != nil && len(d.Persons) > 3:
		delete(d.Persons, p)
	default:
		w.appoint(d, p)
	}
	return d
}

// person draws an approver, whether or not the directory names them now.
func (w *World) person() string { return approvers[w.dice.IntN(len(approvers))] }

// signers draws who signs: mostly enough of those who may, sometimes anybody.
func (w *World) signers() []string {
	in := slices.Sorted(maps.Keys(w.directory.Persons))
	w.dice.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	n := min(1+w.dice.IntN(3), len(in))
	if w.chance(4) {
		first := organisation(in[0])
		in = slices.DeleteFunc(in, func(p string) bool { return organisation(p) != first }) // colleagues
		n = len(in)
	}
	if w.chance(8) {
		return append(in[:n], w.person())
	}
	return in[:n]
}

// two draws two persons of different organisations who may sign.
func (w *World) two() []string {
	in := slices.Sorted(maps.Keys(w.directory.Persons))
	w.dice.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	for _, p := range in[1:] {
		if organisation(p) != organisation(in[0]) {
			return []string{in[0], p}
		}
	}
	return in[:1]
}

func organisation(person string) string {
	org, _, _ := strings.Cut(person, "/")
	return org
}

// draft makes an act of a kind, signed by some. A person's own act bears the author's request.
func (w *World) draft(kind receipt.Kind, by receipt.Author, authority uint64, body []byte, signers ...string) ledger.Draft {
	c := receipt.Content{Kind: kind, By: by, Authority: authority}
	w.random.Read(c.Key[:])
	var personal []byte
	if w.chance(3) {
		personal = fmt.Appendf(nil, "reported at counter %d", w.dice.IntN(100))
	}
	d, err := ledger.NewDraft(w.random, c, body, personal)
	w.must(err)
	for _, p := range signers {
		d.Approvals = append(d.Approvals, w.sign(&d, p))
	}
	return d
}

func (w *World) sign(d *ledger.Draft, person string) receipt.Approval {
	verdict := receipt.Approve
	if d.Content.By == (receipt.Author{Sort: receipt.Person, Name: person}) {
		verdict = receipt.Asks
	}
	return receipt.Sign(w.keys[person], person, verdict, d.Content.Digest())
}

func office(name string) receipt.Author { return receipt.Author{Sort: receipt.Office, Name: name} }

func byPerson(name string) receipt.Author { return receipt.Author{Sort: receipt.Person, Name: name} }
