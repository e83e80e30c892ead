package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/node/secret"
	"github.com/openceir/openceir/internal/observe"
	"github.com/openceir/openceir/internal/problem"
	"github.com/openceir/openceir/subscriber"
)

func (a *app) pseudonymise() *cobra.Command {
	var key, out string
	c := &cobra.Command{
		Use:   "pseudonymise FILE... --key FILE --out DIR",
		Short: "write files again with keyed pseudonyms in place of subscribers' numbers",
		Long: "pseudonymise reads dumps and lists, zipped or plain, that have a column imsi or msisdn, and writes\n" +
			"them under their names into another directory, with keyed pseudonyms in place of the numbers in\n" +
			"these columns. Country, network and length stay readable. Who has the key can read the numbers\n" +
			"back with eir reveal, and nobody else can. The key is 32 random bytes in base64, as openssl rand\n" +
			"-base64 32 makes them, in a file that only its owner may read.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			k, err := pseudonymKey(key)
			if err != nil {
				return err
			}
			if out == "" {
				return problem.New(problem.Invalid, "say where to write: --out DIR")
			}
			for _, f := range files {
				to, rows, err := observe.Pseudonymise(c.Context(), f, out, k)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s: %d rows\n", to, rows)
			}
			return nil
		},
	}
	c.Flags().StringVar(&key, "key", "", "file with the key of the pseudonyms")
	c.Flags().StringVar(&out, "out", "", "directory to write to, which must be there")
	return c
}

func (a *app) reveal() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "reveal PSEUDONYM... --key FILE",
		Short: "say whose pseudonyms these are, imsi-pDIGITS or msisdn-pDIGITS",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, ids []string) error {
			k, err := pseudonymKey(key)
			if err != nil {
				return err
			}
			for _, text := range ids {
				id, err := subscriber.Parse(strings.ToLower(strings.TrimSpace(text)))
				if err != nil || !id.Pseudonym() {
					return problem.New(problem.Invalid, "%.40q is no pseudonym: write imsi-pDIGITS or msisdn-pDIGITS", text)
				}
				fmt.Fprintf(a.out, "%s %s\n", id, k.Reveal(id))
			}
			return nil
		},
	}
	c.Flags().StringVar(&key, "key", "", "file with the key of the pseudonyms")
	return c
}

func pseudonymKey(path string) (*subscriber.Key, error) {
	if path == "" {
		return nil, problem.New(problem.Invalid, "say where the key of the pseudonyms is: --key FILE")
	}
	return secret.ReadPseudonymKey(path)
}
