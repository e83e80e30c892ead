package subscriber

// The text forms are what String writes, "" for the unknown. As numbers, a JSON reader would drop
// the leading zeros of a test IMSI and round an ID, which has more than 53 bits.

// MarshalText implements encoding.TextMarshaler.
func (i IMSI) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *IMSI) UnmarshalText(b []byte) error { return unmarshal(i, b, ReadIMSI) }

// MarshalText implements encoding.TextMarshaler.
func (m MSISDN) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *MSISDN) UnmarshalText(b []byte) error { return unmarshal(m, b, ReadMSISDN) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error { return unmarshal(id, b, Parse) }

// unmarshal leaves the target untouched if the text is malformed.
func unmarshal[T ~uint64](target *T, b []byte, parse func(string) (T, error)) error {
	if len(b) == 0 {
		*target = 0
		return nil
	}
	v, err := parse(string(b))
	if err != nil {
		return err
	}
	*target = v
	return nil
}
