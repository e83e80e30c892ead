package centre

import (
	"context"
	"slices"

	"github.com/openceir/openceir/internal/detect"
	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/lake"
)

// shelf is the lists in force as the stage detect reads them.
type shelf struct{ *lake.Lake }

// Models implements detect.Shelf.
func (s shelf) Models(ctx context.Context, parts []device.Part) ([]device.TAC, error) {
	t, err := s.TACs(ctx, parts)
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq(make([]device.TAC, 0, t.Len()), t.All()), nil
}

// Subscriptions implements detect.Shelf.
func (s shelf) Subscriptions(ctx context.Context, parts []device.Part) ([]detect.Subscription, error) {
	rows, err := s.Lake.Subscriptions(ctx, parts)
	out := make([]detect.Subscription, len(rows))
	for i, r := range rows {
		out[i] = detect.Subscription(r)
	}
	return out, err
}

// Lists implements detect.Shelf.
func (s shelf) Lists(ctx context.Context, parts map[device.FileKind][]device.Part, bucket int) (l detect.Lists, err error) {
	if l.Stolen, err = s.Stolen(ctx, parts[device.FileStolen], bucket); err != nil {
		return l, err
	}
	if l.Registered, err = s.Registered(ctx, parts[device.FileRegistration], bucket); err != nil {
		return l, err
	}
	if l.Associated, err = s.Associated(ctx, parts[device.FileAssociation], bucket); err != nil {
		return l, err
	}
	if l.Barred, err = s.Listed(ctx, parts[device.FileBarred], lake.TableBarred, bucket); err != nil {
		return l, err
	}
	l.Monitored, err = s.Listed(ctx, parts[device.FileMonitoring], lake.TableMonitored, bucket)
	return l, err
}
