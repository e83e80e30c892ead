package subscriber

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Key makes keyed pseudonyms, and reads them back: who has the key can, and nobody else. A country
// has one, shared by its operators or held by a third party for them: under two keys a subscriber would
// be two. Its methods may be called together.
//
// The pseudonym of a number is a permutation of all numbers that share its kind, its length and the
// digits that stay: the first six of an IMSI, which are country and network (where the network has two
// digits, the sixth is the subscriber's first), and the country code of an MSISDN. So no two subscribers
// ever have the same pseudonym. The permutation is FF1 of NIST SP 800-38G with AES-256 and radix 10;
// its tweak is the kind and the digits that stay.
type Key struct{ block cipher.Block }

// KeySize is the size of the secret, in bytes.
const KeySize = 32

// NewKey returns the key of a secret of KeySize random bytes.
func NewKey(secret []byte) (*Key, error) {
	if len(secret) != KeySize {
		return nil, fmt.Errorf("the secret of a key for pseudonyms has %d bytes: it must have %d", len(secret), KeySize)
	}
	block, err := aes.NewCipher(secret)
	return &Key{block}, err
}

// IMSI returns the pseudonym of an IMSI. What is unknown or a pseudonym already stays.
func (k *Key) IMSI(i IMSI) IMSI {
	if i == 0 || i.Pseudonym() {
		return i
	}
	return k.imsi(i, encrypt) | Mark
}

// RevealIMSI returns the IMSI of a pseudonym. What is no pseudonym stays.
func (k *Key) RevealIMSI(i IMSI) IMSI {
	if !i.Pseudonym() {
		return i
	}
	return k.imsi(i.Digits(), decrypt)
}

func (k *Key) imsi(i IMSI, way direction) IMSI {
	stay, rest := i.cut()
	return IMSI(k.change('i', stay, rest, uint64(i), way))
}

// MSISDN returns the pseudonym of a number. What is unknown or a pseudonym already stays.
func (k *Key) MSISDN(m MSISDN) MSISDN {
	if m == 0 || m.Pseudonym() {
		return m
	}
	return k.msisdn(m, encrypt) | Mark
}

// RevealMSISDN returns the number of a pseudonym. What is no pseudonym stays.
func (k *Key) RevealMSISDN(m MSISDN) MSISDN {
	if !m.Pseudonym() {
		return m
	}
	return k.msisdn(m.Digits(), decrypt)
}

func (k *Key) msisdn(m MSISDN, way direction) MSISDN {
	stay, rest := m.cut()
	return MSISDN(k.change('m', stay, rest, uint64(m), way))
}

// AppendIMSI appends the pseudonym, as String writes it, of the digits of an IMSI, 1 to 15. Those that are
// malformed stay so: what there is after the sixth digit is changed, if it has two digits or more.
func (k *Key) AppendIMSI(b, digits []byte) []byte {
	stay := min(network, len(digits))
	return k.appendTo(b, 'i', stay, digits)
}

// AppendMSISDN is AppendIMSI for an MSISDN; of one that begins with 0, which is malformed, the 0 stays.
func (k *Key) AppendMSISDN(b, digits []byte) []byte {
	stay := min(2, len(digits))
	switch {
	case digits[0] == '0':
		stay = 1
	case stay == 2:
		stay = min(countryCode(int(digits[0]-'0')*10+int(digits[1]-'0')), len(digits))
	}
	return k.appendTo(b, 'm', stay, digits)
}

func (k *Key) appendTo(b []byte, kind byte, stay int, digits []byte) []byte {
	b = append(append(b, 'p'), digits...)
	rest := len(digits) - stay
	if rest < 2 {
		return b
	}
	v := uint64(0)
	for _, c := range digits {
		v = 10*v + uint64(c-'0')
	}
	if v == 0 {
		return b // nobody's number
	}
	v = k.change(kind, stay, rest, v, encrypt)
	for at := len(b) - 1; rest > 0; at, rest = at-1, rest-1 {
		b[at] = byte('0' + v%10)
		v /= 10
	}
	return b
}

// Of returns the pseudonym of a subscriber.
func (k *Key) Of(id ID) ID {
	if m, ok := id.MSISDN(); ok {
		return Of(0, k.MSISDN(m))
	}
	i, _ := id.IMSI()
	return Of(k.IMSI(i), 0)
}

// Reveal returns the subscriber of a pseudonym. What is no pseudonym stays.
func (k *Key) Reveal(id ID) ID {
	if m, ok := id.MSISDN(); ok {
		return Of(0, k.RevealMSISDN(m))
	}
	i, _ := id.IMSI()
	return Of(k.RevealIMSI(i), 0)
}

// network is how many digits of an IMSI stay: three of the country, and three, the most, of the network.
const network = 6

// cut returns how many digits of the IMSI stay and how many are changed.
func (i IMSI) cut() (stay, rest int) {
	if i >= firstMCC && i < limit/10 {
		return network, 14 - network
	}
	return network, 15 - network
}

// cut returns how many digits of the number stay and how many are changed.
func (m MSISDN) cut() (stay, rest int) {
	n := 0
	for v := m; v != 0; v /= 10 {
		n++
	}
	head := uint64(m)
	if n > 2 {
		head /= powers[n-2]
	}
	stay = countryCode(int(head))
	return stay, n - stay
}

// countryCode returns how many digits the country code has of a number that begins with two digits
// (ITU-T E.164, list of assigned country codes).
func countryCode(head int) int {
	switch {
	case head/10 == 1, head/10 == 7:
		return 1
	case head == 21, head == 22, head == 23, head == 24, head == 25, head == 26, head == 28, head == 29,
		head == 35, head == 37, head == 38, head == 42, head == 50, head == 59, head == 67, head == 68, head == 69,
		head == 80, head == 83, head == 85, head == 87, head == 88, head == 89, head == 96, head == 97, head == 99:
		return 3
	}
	return 2
}

// change permutes the last digits of a number.
func (k *Key) change(kind byte, stay, rest int, v uint64, way direction) uint64 {
	head, tail := v/powers[rest], v%powers[rest]
	tweak := [...]byte{kind, byte(stay), 0, 0, 0, 0}
	binary.BigEndian.PutUint32(tweak[2:], uint32(head))
	return head*powers[rest] + ff1(k.block, tweak[:], rest, tail, way)
}

var powers = func() (p [16]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

type direction bool

const (
	encrypt direction = false
	decrypt direction = true
)

// ff1 is FF1 of NIST SP 800-38G §5.1, Algorithms 7 and 8, for 2 to 15 decimal digits and a tweak of at
// most 10 bytes. Halves have at most eight digits then, so that a number takes at most four bytes, the
// input of each round two blocks, and what is added 64 bits.
func ff1(block cipher.Block, tweak []byte, n int, x uint64, way direction) uint64 {
	const rounds, radix = 10, 10
	u := n / 2
	v := n - u
	b := (bits[v] + 7) / 8
	m := new([2][aes.BlockSize]byte)
	p, q := m[0][:], m[1][:]
	p[0], p[1], p[2], p[5], p[6], p[7] = 1, 2, 1, radix, rounds, byte(u)
	binary.BigEndian.PutUint32(p[8:], uint32(n))
	binary.BigEndian.PutUint32(p[12:], uint32(len(tweak)))
	block.Encrypt(p, p)
	modulus := [2]uint64{powers[u], powers[v]}
	left, right := x/powers[v], x%powers[v]
	if way == decrypt {
		left, right = right, left
	}
	for i := range rounds {
		if way == decrypt {
			i = rounds - 1 - i
		}
		clear(q)
		copy(q, tweak)
		q[aes.BlockSize-1-b] = byte(i)
		for at, rest := aes.BlockSize-1, right; at >= aes.BlockSize-b; at, rest = at-1, rest>>8 {
			q[at] = byte(rest)
		}
		for j := range q {
			q[j] ^= p[j]
		}
		block.Encrypt(q, q)
		mod := modulus[i%2]
		y := binary.BigEndian.Uint64(q) % mod
		if way == decrypt {
			y = mod - y
		}
		left, right = right, (left+y)%mod
	}
	if way == decrypt {
		left, right = right, left
	}
	return left*powers[v] + right
}

// bits is how many bits numbers of so many digits take.
var bits = [...]int{0, 4, 7, 10, 14, 17, 20, 24, 27}
