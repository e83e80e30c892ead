package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/config"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/list"
	"github.com/openceir/openceir/receipt"
)

func (a *app) key() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "key --out FILE",
		Short: "draw a private key for a person or a node",
		Long:  "key writes a private key to a file that only its owner reads, and prints the public key for the\ndirectory of approvers.",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return usage{fmt.Errorf("say where to write the private key: --out FILE")}
			}
			key, text, err := secret.NewKey(rand.Reader)
			if err != nil {
				return err
			}
			if err := secret.Write(out, text); err != nil {
				return err
			}
			public := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
			return a.print(map[string]string{"public": public}, public+"\n")
		},
	}
	c.Flags().StringVar(&out, "out", "", "file for the private key")
	return c
}

func (a *app) initialise() *cobra.Command {
	var directory, name, mcc, cc, zone string
	var by []string
	c := &cobra.Command{
		Use:   "init --directory FILE --as PERSON=KEYFILE --as PERSON=KEYFILE",
		Short: "found a register: its log key and its first directory of approvers",
		Long: "init makes the log's key, outside the data, and begins the ledger with the directory of approvers,\n" +
			"signed by persons of at least two of its organisations. The directory is a text of lines\n" +
			"  organisation ministry\n  organisation north 00101\n  person ministry/amina PUBLICKEY\n  node north/eir-1 PUBLICKEY\n" +
			"sorted; ceir key draws keys. init prints what operators' nodes must be given.",
		Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := readDirectory(directory)
			if err != nil {
				return err
			}
			signers, err := signers(by)
			if err != nil {
				return err
			}
			undo, err := a.prepare(name, mcc, cc, zone)
			if err != nil {
				return err
			}
			err = a.open(c.Context(), func(t *centre.Centre) error { return a.found(c.Context(), t, d, signers) })
			if kind := problem.Of(err); err != nil && (kind == problem.Refused || kind == problem.Invalid) {
				undo()
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&directory, "directory", "", "file with the first directory of approvers")
	f.StringArrayVar(&by, "as", nil, "a founder and their key file: ORGANISATION/NAME=FILE")
	f.StringVar(&name, "name", "openceir", "name of the log")
	f.StringVar(&mcc, "mcc", "", "mobile country code")
	f.StringVar(&cc, "country-code", "", "telephone country code")
	f.StringVar(&zone, "zone", "UTC", "time zone by which days are counted")
	return c
}

func readDirectory(path string) (*receipt.Directory, error) {
	if path == "" {
		return nil, usage{fmt.Errorf("say which directory of approvers to begin with: --directory FILE")}
	}
	text, err := readSmall(path)
	if err != nil {
		return nil, fmt.Errorf("reading the directory: %w", err)
	}
	d, err := receipt.ParseDirectory(text)
	if err != nil {
		return nil, problem.New(problem.Invalid, "%s: %w", path, err)
	}
	return d, nil
}

func (a *app) found(ctx context.Context, t *centre.Centre, d *receipt.Directory, by []centre.Signer) error {
	founders, err := t.Found(ctx, d, by)
	if err != nil {
		return err
	}
	public, err := t.PublicKey()
	if err != nil {
		return err
	}
	return a.print(map[string]string{"log": public, "founders": founders.String()},
		fmt.Sprintf("The register of %s is founded. Operators' nodes need:\n  log: %s\n  founders: %s\n", t.Verifier.Name(), public, founders))
}

// prepare writes the configuration and the log key of a new register, each only if it is not there,
// and returns how to take back what it wrote when nothing was founded with it.
func (a *app) prepare(name, mcc, cc, zone string) (undo func(), err error) {
	var made []string
	undo = func() {
		for _, path := range made {
			os.Remove(path)
		}
	}
	if own := filepath.Join(a.data, "ceir.yaml"); a.config == "" && a.data != "" && missing(own) {
		if err := os.MkdirAll(a.data, 0o700); err != nil {
			return undo, err
		}
		text := fmt.Sprintf("mcc: %q\ncountry_code: %q\nzone: %q\ntimed: true\n", mcc, cc, zone)
		made = append(made, own)
		if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
			undo()
			return undo, err
		}
	}
	c, err := config.ReadCentre(a.config, a.data)
	if err == nil && missing(c.LogKey) {
		if err = centre.NewLogKey(c.LogKey, name, rand.Reader); err == nil {
			made = append(made, c.LogKey)
		}
	}
	if err != nil {
		undo()
	}
	return undo, err
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return os.IsNotExist(err)
}

// signers reads PERSON=KEYFILE.
func signers(by []string) ([]centre.Signer, error) {
	var out []centre.Signer
	for _, s := range by {
		person, path, ok := strings.Cut(s, "=")
		if !ok {
			return nil, usage{fmt.Errorf("--as %q: write ORGANISATION/NAME=KEYFILE", s)}
		}
		key, err := secret.ReadKey(path)
		if err != nil {
			return nil, err
		}
		out = append(out, centre.Signer{Person: person, Key: key})
	}
	return out, nil
}

func (a *app) propose() *cobra.Command {
	c := &cobra.Command{Use: "propose", Short: "announce something that people are asked to sign"}
	group(c)
	var ceiling uint64
	var status string
	policy := &cobra.Command{
		Use:   "policy RULE --ceiling PAIRS",
		Short: "give a rule authority, with a daily ceiling of active pairs",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return a.announce(c, func(t *centre.Centre) (receipt.Digest, error) {
				var s list.Status
				if status != "" {
					var err error
					if s, err = list.ParseStatus(status); err != nil {
						return receipt.Digest{}, problem.New(problem.Invalid, "%w", err)
					}
				}
				d, _, err := t.ProposePolicy(c.Context(), args[0], s, ceiling)
				return d, err
			})
		},
	}
	policy.Flags().StringVar(&status, "status", "", "a milder status than the rule asks for: tracked")
	policy.Flags().Uint64Var(&ceiling, "ceiling", 0, "active pairs that the rule may refuse in 24 hours")
	active := &cobra.Command{
		Use:   "active",
		Short: "make the count of active pairs the base of the guard's shares",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.announce(c, func(t *centre.Centre) (receipt.Digest, error) { return t.ProposeActive(c.Context()) })
		},
	}
	var by, why string
	measure := &cobra.Command{
		Use:     "measure LINE-OP... --by PERSON --why TEXT",
		Short:   "ask for a change of the list",
		Example: `  ceir propose measure "set listed 35227301738651 prohibited barred" --by ministry/amina --why "order 12"`,
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var ops []list.Op
			for _, s := range args {
				o, err := list.ParseOp(s)
				if err != nil {
					return problem.New(problem.Invalid, "%w", err)
				}
				ops = append(ops, o)
			}
			if strings.TrimSpace(why) == "" {
				return usage{fmt.Errorf("--why: write the reason, which the device's holder will read")}
			}
			author, err := receipt.ParseAuthor("person " + by)
			if err != nil {
				return usage{fmt.Errorf("--by: %w", err)}
			}
			return a.announce(c, func(t *centre.Centre) (receipt.Digest, error) {
				return t.ProposeMeasure(c.Context(), author, ops, why)
			})
		},
	}
	measure.Flags().StringVar(&by, "by", "", "who asks, ORGANISATION/NAME")
	measure.Flags().StringVar(&why, "why", "", "the reason, which the device's holder will read")
	c.AddCommand(policy, active, measure, a.proposeAccount())
	return c
}

// announce prints the digest that people sign, and what it would do.
func (a *app) announce(c *cobra.Command, f func(*centre.Centre) (receipt.Digest, error)) error {
	return a.open(c.Context(), func(t *centre.Centre) error {
		digest, err := f(t)
		if err != nil {
			return err
		}
		all, err := t.Proposals(c.Context())
		if err != nil {
			return err
		}
		for _, p := range all {
			if p.Content == digest {
				return a.print(p, proposalText(&p))
			}
		}
		return a.print(map[string]string{"content": digest.String()}, digest.String()+"\n")
	})
}

func (a *app) approve() *cobra.Command {
	var as string
	var deny bool
	c := &cobra.Command{
		Use:   "approve [DIGEST --as PERSON=KEYFILE [--deny]]",
		Short: "sign what is proposed; without arguments, show what waits",
		Args:  args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && (as != "" || deny):
				return usage{fmt.Errorf("say what to sign: ceir approve without arguments shows the digests")}
			case len(args) == 1 && as == "":
				return usage{fmt.Errorf("say who signs and with which key: --as ORGANISATION/NAME=KEYFILE")}
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				if len(args) == 0 {
					return a.waiting(c, t)
				}
				return a.sign(c, t, args[0], as, deny)
			})
		},
	}
	c.Flags().StringVar(&as, "as", "", "who signs and with which key: ORGANISATION/NAME=KEYFILE")
	c.Flags().BoolVar(&deny, "deny", false, "veto it instead")
	return c
}

// sign records a person's signature, and enacts what has enough of them.
func (a *app) sign(c *cobra.Command, t *centre.Centre, digest, as string, deny bool) error {
	content, err := receipt.ParseDigest(digest)
	if err != nil {
		return problem.New(problem.Invalid, "%w", err)
	}
	who, err := signers([]string{as})
	if err != nil {
		return err
	}
	verdict, err := a.verdict(c, t, content, who[0].Person, deny)
	if err != nil {
		return err
	}
	if err := t.Sign(c.Context(), content, who[0], verdict); err != nil {
		return err
	}
	if err := t.Run(c.Context(), 0); err != nil {
		return err
	}
	return a.outcome(c, t, content)
}

// verdict is what a person's signature means: the author asks, others approve or deny.
func (a *app) verdict(c *cobra.Command, t *centre.Centre, content receipt.Digest, person string, deny bool) (receipt.Verdict, error) {
	if deny {
		return receipt.Deny, nil
	}
	all, err := t.Proposals(c.Context())
	for _, p := range all {
		if p.Content == content && p.By == (receipt.Author{Sort: receipt.Person, Name: person}).String() {
			return receipt.Asks, err
		}
	}
	return receipt.Approve, err
}

func (a *app) waiting(c *cobra.Command, t *centre.Centre) error {
	all, err := t.Proposals(c.Context())
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(all, func(p centre.Proposal) bool { return p.Denied != "" })
	var b strings.Builder
	for i := range open {
		b.WriteString(proposalText(&open[i]) + "\n")
	}
	if len(open) == 0 {
		b.WriteString("Nothing waits for signatures.\n")
	}
	return a.print(open, b.String())
}

// proposalText shows people what they are asked to sign.
func proposalText(p *centre.Proposal) string {
	return fmt.Sprintf("%s by %s\n  %s\n  %s\nSigned by: %s\nSign it: ceir approve %s --as ORGANISATION/NAME=KEYFILE\n", p.Kind, p.By, p.Text,
		strings.ReplaceAll(strings.TrimSpace(p.Body), "\n", "\n  "), cmp.Or(strings.Join(p.Signatures, ", "), "nobody yet"), p.Digest)
}

// outcome says whether the content is in force now.
func (a *app) outcome(c *cobra.Command, t *centre.Centre, content receipt.Digest) error {
	all, err := t.Proposals(c.Context())
	if err != nil {
		return err
	}
	for _, p := range all {
		switch {
		case p.Content != content:
		case p.Denied != "":
			return a.print(p, "Denied. It will not come into force; propose it anew if it must.\n")
		default:
			return a.print(p, fmt.Sprintf("Signed. It is not in force yet. Signed by: %s\n", strings.Join(p.Signatures, ", ")))
		}
	}
	return a.print(map[string]string{"content": content.String(), "state": "in force"}, "Signed. It is in force.\n")
}
