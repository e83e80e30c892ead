package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/node/centre"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/receipt"
)

func (a *app) ledger() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "the ledger's head, and its verification"}
	group(c)
	var held string
	verify := &cobra.Command{
		Use:   "verify [--head FILE]",
		Short: "check the whole register against itself, and against a head held elsewhere",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			var head []byte
			if held != "" {
				var err error
				if head, err = readSmall(held); err != nil {
					return err
				}
			}
			return a.openAs(c.Context(), centre.Options{Log: a.logger(), Unread: true}, func(t *centre.Centre) error {
				r, err := t.Verify(c.Context(), head)
				if err != nil {
					return err
				}
				var b strings.Builder
				for _, f := range r.Faults {
					fmt.Fprintln(&b, f)
				}
				for _, e := range r.Erased {
					fmt.Fprintln(&b, e)
				}
				fmt.Fprintf(&b, "%d records, root %s: %d faults\n", r.Size, r.Root, len(r.Faults))
				if err := a.print(r, b.String()); err != nil {
					return err
				}
				if len(r.Faults) > 0 {
					return errNotAsItShouldBe
				}
				return nil
			})
		},
	}
	verify.Flags().StringVar(&held, "head", "", "a signed head that was kept elsewhere")
	head := &cobra.Command{
		Use:   "head",
		Short: "print the signed head, for others to keep",
		Args:  args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.open(c.Context(), func(t *centre.Centre) error {
				h, err := t.Head(c.Context())
				if err != nil {
					return err
				}
				_, err = a.out.Write(h)
				return err
			})
		},
	}
	c.AddCommand(verify, head)
	return c
}

// maxSmall bounds a file that holds a head or a receipt.
const maxSmall = 64 << 20

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, problem.New(problem.NotFound, "%w", err)
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSmall))
}

func (a *app) receipt() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "receipt IMEI [--out FILE]",
		Short: "write the proof that the holder of a device gets",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := imei.ParseTyped(args[0])
			if err != nil {
				return problem.New(problem.Invalid, "%w", err)
			}
			return a.open(c.Context(), func(t *centre.Centre) error {
				r, err := t.Receipt(c.Context(), m.IMEI)
				if err != nil {
					return err
				}
				if out != "" {
					return os.WriteFile(out, r.Bytes(), 0o600)
				}
				_, err = a.out.Write(r.Bytes())
				return err
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write; standard output if empty")
	return c
}

func (a *app) verifyReceipt() *cobra.Command {
	var head, key string
	c := &cobra.Command{
		Use:   "verify-receipt FILE [--head FILE] [--key KEY]",
		Short: "check a receipt with nothing else but the published head",
		Long: "verify-receipt shows what a receipt proves and whether it does. It needs no register and no network.\n" +
			"--head gives the published head of the receipt's size; without it, the head is printed for you to\n" +
			"compare with the one published. --key checks the log's signature on the head as well.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := readSmall(args[0])
			if err != nil {
				return err
			}
			r, err := receipt.Parse(text)
			if err != nil {
				return problem.New(problem.Refused, "this is no receipt: %w", err)
			}
			published, log, err := against(r, head, key)
			if err != nil {
				return err
			}
			if err := prove(r, published, log); err != nil {
				return problem.New(problem.Refused, "the receipt does not prove what it says: %w", err)
			}
			last := "The receipt is proved by the published head.\n"
			if head == "" {
				shown, _, _ := strings.Cut(string(r.Head), "\n\n")
				last = "The receipt is proved by this head. Compare it with the published one:\n" + shown + "\n"
			}
			_, err = io.WriteString(a.out, r.Text()+last)
			return err
		},
	}
	c.Flags().StringVar(&head, "head", "", "the published head")
	c.Flags().StringVar(&key, "key", "", "the log's public key")
	return c
}

// against returns the head to prove a receipt under, which is its own where none was given, and the
// log's key, nil where none was.
func against(r *receipt.Receipt, head, key string) (receipt.Head, note.Verifier, error) {
	text := r.Head
	var log note.Verifier
	var err error
	if head != "" {
		if text, err = readSmall(head); err != nil {
			return receipt.Head{}, nil, err
		}
	}
	if key != "" {
		if log, err = note.NewVerifier(key); err != nil {
			return receipt.Head{}, nil, problem.New(problem.Invalid, "--key %q is no public key of a log, as ceir init prints it: %w", key, err)
		}
	}
	h, err := receipt.PeekHead(text)
	if err != nil {
		return h, log, problem.New(problem.Refused, "the head can not be read: %w", err)
	}
	return h, log, nil
}

// prove verifies a receipt under a head, and the log's signature on its own head if its key is known.
func prove(r *receipt.Receipt, published receipt.Head, log note.Verifier) error {
	if log != nil {
		if _, err := r.Verify(log); err != nil {
			return err
		}
	}
	return r.VerifyUnder(published)
}
