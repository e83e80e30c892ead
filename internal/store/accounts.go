package store

import (
	"context"

	"github.com/openceir/openceir/internal/ledger"
)

// Account returns what somebody may do; an account that was closed has no key.
func (tx *Tx) Account(ctx context.Context, name string) (ledger.AccountRow, bool, error) {
	return rowOf[ledger.AccountRow](ctx, tx, ledger.Accounts, "account", name)
}
