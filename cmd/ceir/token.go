package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/openceir/openceir/internal/authz"
	"github.com/openceir/openceir/internal/node/centre"
)

func (a *app) token() *cobra.Command {
	var as, role, log string
	var life time.Duration
	c := &cobra.Command{
		Use:   "token --as ORGANISATION/NAME=KEYFILE --role ROLE[@PLACE]",
		Short: "show who you are to the API: a token for one of your roles, signed with your key",
		Long: "token prints what requests to the API carry as Authorization: Bearer TOKEN. It is made from your\n" +
			"key alone, wherever you are; the register is not asked. Keep its life short: whoever has it is you.",
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if as == "" || role == "" {
				return usage{fmt.Errorf("say who you are and in which role: --as ORGANISATION/NAME=KEYFILE --role ROLE[@PLACE]")}
			}
			if life < time.Second || life > authz.TokenLife {
				return usage{fmt.Errorf("--for is from 1s to %v", authz.TokenLife)}
			}
			who, err := signers([]string{as})
			if err != nil {
				return err
			}
			now := time.Now().Truncate(time.Second)
			t := authz.Token{Account: who[0].Person, Grant: centre.ReadGrant(role), Log: log, Begins: now, Ends: now.Add(life)}
			text := t.Sign(who[0].Key)
			return a.print(map[string]string{"token": text, "ends": t.Ends.UTC().Format(time.RFC3339)}, text+"\n")
		},
	}
	f := c.Flags()
	f.StringVar(&as, "as", "", "who you are and your key file: ORGANISATION/NAME=KEYFILE")
	f.StringVar(&role, "role", "", "the role that you act in, with its place where it has one")
	f.StringVar(&log, "name", "openceir", "name of the register's log, as ceir status shows it")
	f.DurationVar(&life, "for", time.Hour, "how long it counts")
	return c
}
