package identifier

import (
	"fmt"
	"strconv"
	"strings"
)

// EUI48 is the hardware address of Ethernet, Wi-Fi and Bluetooth interfaces, also called MAC
// address (IEEE 802).
type EUI48 uint64

// EUI64 is the 64-bit form, used by 802.15.4, Zigbee and, as DevEUI, by LoRaWAN.
type EUI64 uint64

// ParseEUI48 reads 12 hexadecimal digits, plain, in pairs divided by dashes or colons, or in
// fours divided by dots.
func ParseEUI48(s string) (EUI48, error) {
	n, ok := grouped(s, 12)
	if !ok {
		return 0, formError("eui-48", s, "write six pairs of hexadecimal digits")
	}
	return EUI48(n), nil
}

// ParseEUI64 reads 16 hexadecimal digits in the same forms.
func ParseEUI64(s string) (EUI64, error) {
	n, ok := grouped(s, 16)
	if !ok {
		return 0, formError("eui-64", s, "write eight pairs of hexadecimal digits")
	}
	return EUI64(n), nil
}

// grouped reads n hexadecimal digits with one kind of divider, evenly set.
func grouped(s string, n int) (uint64, bool) {
	for _, d := range [...]struct {
		mark  string
		every int
	}{{"-", 2}, {":", 2}, {".", 4}} {
		if strings.Contains(s, d.mark) {
			parts := strings.Split(s, d.mark)
			for _, p := range parts {
				if len(p) != d.every {
					return 0, false
				}
			}
			s = strings.Join(parts, "")
			break
		}
	}
	v, err := strconv.ParseUint(s, 16, 64)
	return v, err == nil && len(s) == n && only(strings.ToUpper(s), hexadecimal)
}

// Local reports whether the address was made up by the device or its owner (bit 1 of the first
// octet): a phone's randomised address is one. It is no identity.
func (e EUI48) Local() bool { return e>>41&1 == 1 }

// Group reports whether the address stands for many receivers (bit 0 of the first octet).
func (e EUI48) Group() bool { return e>>40&1 == 1 }

// Documentation reports whether the address is kept for examples (RFC 9542).
func (e EUI48) Documentation() bool { return e>>8 == 0x00005E0053 }

// String returns six pairs with dashes.
func (e EUI48) String() string { return dashed(uint64(e), 6) }

// Local reports whether the address was made up by the device or its owner.
func (e EUI64) Local() bool { return e>>57&1 == 1 }

// Group reports whether the address stands for many receivers.
func (e EUI64) Group() bool { return e>>56&1 == 1 }

// String returns eight pairs with dashes.
func (e EUI64) String() string { return dashed(uint64(e), 8) }

func dashed(v uint64, octets int) string {
	pairs := make([]string, octets)
	for i := range pairs {
		pairs[i] = fmt.Sprintf("%02X", byte(v>>(8*(octets-1-i))))
	}
	return strings.Join(pairs, "-")
}
