package adopt

import (
	"context"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// Keeper keeps what was read.
type Keeper interface {
	WriteAdopted(ctx context.Context, bucket int, rows []device.Adopted) (device.Part, error)
	WriteRefusals(ctx context.Context, bucket int, rows []device.Refusal) (device.Part, error)
	WriteNotices(ctx context.Context, bucket int, rows []device.Notice) (device.Part, error)
	WriteExceptions(ctx context.Context, bucket int, rows []device.Exception) (device.Part, error)
}

// Keep writes the state and the lists, each part on stable storage, bucket by bucket. Malformed
// identifiers of the state have the bucket device.Buckets, as in findings, those of lists bucket 0, as
// in runs. The same files give the same parts.
func (t *Taken) Keep(ctx context.Context, k Keeper) (rows, lists []device.Part, err error) {
	rows, err = deal(ctx, t.State, device.Buckets, func(a *device.Adopted) (imei.IMEI, string) { return a.IMEI, a.Text }, k.WriteAdopted)
	if err != nil || t.Lists == nil {
		return rows, nil, err
	}
	devices, err := deal(ctx, t.Lists.Devices, 0, func(r *device.Refusal) (imei.IMEI, string) { return r.IMEI, r.Text }, k.WriteRefusals)
	if err != nil {
		return nil, nil, err
	}
	notices, err := deal(ctx, t.Lists.Notices, 0, func(n *device.Notice) (imei.IMEI, string) { return n.IMEI, n.Text }, k.WriteNotices)
	if err != nil {
		return nil, nil, err
	}
	pairs, err := deal(ctx, t.Lists.Exceptions, 0, func(e *device.Exception) (imei.IMEI, string) { return e.IMEI, "" }, k.WriteExceptions)
	return rows, append(append(devices, notices...), pairs...), err
}

// deal writes rows by bucket, in their order, those of malformed identifiers into a given one. It
// holds a copy of one bucket at a time.
func deal[T any](ctx context.Context, rows []T, texts int, of func(*T) (imei.IMEI, string), write func(context.Context, int, []T) (device.Part, error)) ([]device.Part, error) {
	var parts []device.Part
	var in []T
	for bucket := range device.Buckets + 1 {
		in = in[:0]
		for i := range rows {
			b := texts
			if m, text := of(&rows[i]); text == "" {
				b = device.BucketOf(m)
			}
			if b == bucket {
				in = append(in, rows[i])
			}
		}
		if len(in) == 0 {
			continue
		}
		p, err := write(ctx, bucket, in)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}
