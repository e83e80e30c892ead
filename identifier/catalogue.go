package identifier

import (
	"slices"
	"strings"
)

// CatalogueVersion names the edition of the catalogue.
const CatalogueVersion = "1"

// Entry describes a kind of identifier.
type Entry struct {
	Kind      Kind   `json:"kind"`
	Name      string `json:"name"`
	Family    Kind   `json:"family,omitempty"` // the kind whose label also stands before this one
	Structure string `json:"structure"`
	Check     string `json:"check,omitempty"` // the check digit or other inner check, "" if none
	Issuer    string `json:"issuer"`
	Standard  string `json:"standard,omitempty"`
	Seen      string `json:"seen"` // where it can be observed
	// Low and High bound its resistance to duplication: 0 none (printed or freely editable), 1 weak
	// (rewritable with common tools), 2 moderate (fused or locked, breakable), 3 strong (a private
	// key in hardware answers a fresh challenge), 4 strong and chained to its maker, with
	// revocation. A check digit is never resistance.
	Low  int `json:"resistance_low"`
	High int `json:"resistance_high"`
	// Device says that it can name one device; others name a subscription, a card, a model, a
	// vehicle or a document, or are kept from naming anything.
	Device bool `json:"device"`
	// Read says that Explain recognises it in a text.
	Read bool `json:"read"`
	// Examples are valid and, where there is such a range, kept for examples.
	Examples []string `json:"examples,omitempty"`
}

// Catalogue returns all kinds of identifiers, in the order of the subjects they name.
func Catalogue() []Entry { return slices.Clone(catalogue[:]) }

// Lookup returns the entry of a kind.
func Lookup(kind Kind) (Entry, bool) {
	i := slices.IndexFunc(catalogue[:], func(e Entry) bool { return e.Kind == kind })
	if i < 0 {
		return Entry{Kind: kind, Name: strings.ToUpper(string(kind))}, false
	}
	return catalogue[i], true
}

var catalogue = [...]Entry{
	// Cellular equipment.
	{Kind: "imei", Name: "IMEI", Structure: "TAC 8, serial number 6, check or spare digit 1", Check: "Luhn, only in what people type", Issuer: "GSMA through reporting bodies; serial number by the maker",
		Standard: "TS 23.003 §6, GSMA TS.06", Seen: "radio signalling, *#06#, settings, box, label, records, eSIM server", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"001017001234569", "490154203237518"}},
	{Kind: "imeisv", Name: "IMEISV", Family: "imei", Structure: "TAC 8, serial number 6, software version 2", Issuer: "as IMEI; software version by the maker",
		Standard: "TS 23.003 §6.2.2", Seen: "radio signalling, records", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"0010170012345601", "4901542032375142"}},
	{Kind: "tac", Name: "type allocation code", Family: "imei", Structure: "reporting body 2, model 6", Issuer: "GSMA reporting bodies", Standard: "GSMA TS.06",
		Seen: "inside the IMEI", Read: true, Examples: []string{"00101700", "49015420"}},
	{Kind: "pei", Name: "PEI (5G)", Family: "imei", Structure: "imei- 15 digits, imeisv- 16 digits, mac- 6 pairs, eui- 8 pairs", Issuer: "as inside", Standard: "TS 23.003 §6.4, TS 29.571",
		Seen: "core network of 5G", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"imei-001017001234560", "imeisv-4901542032375142"}},
	{Kind: "imei-urn", Name: "IMEI as URN", Family: "imei", Structure: "urn:gsma:imei:TAC-serial-spare, optionally ;svn=", Issuer: "as IMEI", Standard: "RFC 7254, RFC 7255",
		Seen: "SIP registration", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"urn:gsma:imei:90420156-025763-0", "urn:gsma:imei:00101700-123456-0"}},
	{Kind: "imei-tbcd", Name: "IMEI in octets", Family: "imei", Structure: "8 octets, digits of each pair swapped, filler F", Issuer: "as IMEI", Standard: "TS 29.002, TS 29.274",
		Seen: "signalling traces", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"00 01 71 00 21 43 65 F0", "00 01 71 00 21 43 65 10"}},
	{Kind: "meid", Name: "MEID", Structure: "region 2, maker 6, serial number 6, hexadecimal", Check: "Luhn in base 16, in base 10 if all digits are decimal", Issuer: "TIA as global hexadecimal administrator",
		Standard: "3GPP2 S.R0048, X.S0008", Seen: "CDMA radio, label, *#06#", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"AF0123450ABCDE", "A0000000002329"}},
	{Kind: "meid-decimal", Name: "MEID in decimal", Family: "meid", Structure: "10 digits of 32 bits, 8 digits of 24 bits", Check: "Luhn", Issuer: "as MEID", Standard: "3GPP2 S.R0048",
		Seen: "label, screen", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"293608736500703710", "268435456000009001"}},
	{Kind: "esn", Name: "ESN", Structure: "maker 8 bits, serial number 24 bits; 8 hexadecimal digits", Issuer: "TIA; exhausted 2008", Standard: "TIA",
		Seen: "CDMA radio, label", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"82AAAAAA", "A1B2C3D4"}},
	{Kind: "esn-decimal", Name: "ESN in decimal", Family: "esn", Structure: "maker 3, serial number 8", Issuer: "as ESN", Standard: "TIA",
		Seen: "label, screen", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"13011184810", "16111715540"}},
	{Kind: "pesn", Name: "pseudo-ESN", Family: "esn", Structure: "80 and 24 bits of the SHA-1 of the MEID", Issuer: "computed", Standard: "3GPP2",
		Seen: "CDMA radio", Read: true, Examples: []string{"8016B128", "800737E1"}},
	{Kind: "ipei", Name: "IPEI (DECT)", Structure: "maker 5, serial number 7, check character", Check: "sum of digit times place modulo 11", Issuer: "maker codes appointed by ETSI", Standard: "EN 300 175-6",
		Seen: "DECT radio, label", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"00001-0000002-7", "00123-0456789-7"}},
	{Kind: "tei", Name: "TEI (TETRA)", Structure: "type 6, assembly 2, serial number 6, spare 1, hexadecimal", Issuer: "maker", Standard: "EN 300 392-1",
		Seen: "TETRA radio", Low: 1, High: 2, Device: true, Read: true, Examples: []string{"000100000000010", "00A10200BEEF010"}},

	// Subscriptions and secure elements: not the device, and needed to pair it.
	{Kind: "imsi", Name: "IMSI", Structure: "country 3, network 2 or 3, subscription; up to 15 digits", Issuer: "ITU, national regulator, operator", Standard: "E.212, TS 23.003 §2",
		Seen: "radio signalling, SIM card, records", Low: 3, High: 3, Read: true, Examples: []string{"001010123456789", "999700000000001"}},
	{Kind: "msisdn", Name: "telephone number", Structure: "country code and number; up to 15 digits", Issuer: "ITU, national plan, operator", Standard: "E.164",
		Seen: "signalling, bill", Read: true, Examples: []string{"442079460123", "12025550143"}},
	{Kind: "iccid", Name: "ICCID", Structure: "89, country 1 to 3, issuer 1 to 4, account, check digit; 18 to 20 digits", Check: "Luhn on 19 digits", Issuer: "card issuer", Standard: "E.118",
		Seen: "print and file of a SIM card, eSIM profile", Low: 1, High: 1, Read: true, Examples: []string{"8900000000000000011", "8944110000000000016"}},
	{Kind: "eid", Name: "EID", Structure: "32 digits, the last two a check", Check: "ISO/IEC 7064 MOD 97-10", Issuer: "GSMA; older ones per E.118", Standard: "GSMA SGP.29, SGP.02",
		Seen: "eSIM chip, settings, box, provisioning server", Low: 0, High: 4, Device: true, Read: true, Examples: []string{"89001012012341234012345678901224", "35244001000000000000000000001239"}},
	{Kind: "temporary", Name: "SUCI, GUTI, TMSI", Structure: "concealed or temporary", Issuer: "network", Standard: "TS 23.003", Seen: "radio signalling; never to be kept as an identity"},

	// Interfaces and network equipment.
	{Kind: "eui-48", Name: "MAC address", Structure: "prefix 24, 28 or 36 bits and the rest; 48 bits", Issuer: "IEEE Registration Authority", Standard: "IEEE 802",
		Seen: "local networks, Wi-Fi, label", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"00-00-5E-00-53-01", "00-00-5E-00-53-FF"}},
	{Kind: "bluetooth", Name: "Bluetooth address", Family: "eui-48", Structure: "as a MAC address, public or random; only the public kind is an identity", Issuer: "IEEE Registration Authority", Standard: "Bluetooth Core Specification",
		Seen: "Bluetooth, label", Low: 1, High: 1, Device: true, Examples: []string{"00-00-5E-00-53-10", "00-00-5E-00-53-11"}},
	{Kind: "eui-64", Name: "EUI-64", Structure: "prefix of 24 or more bits and the rest; 64 bits", Issuer: "IEEE Registration Authority", Standard: "IEEE 802",
		Seen: "802.15.4, Zigbee, LoRaWAN (DevEUI)", Low: 1, High: 3, Device: true, Read: true, Examples: []string{"00-00-5E-EF-10-00-00-01", "00-00-5E-EF-10-00-00-02"}},
	{Kind: "docsis", Name: "cable modem certificate", Structure: "MAC address in an X.509 certificate", Check: "signature", Issuer: "CableLabs PKI", Standard: "DOCSIS",
		Seen: "cable head end", Low: 3, High: 3, Device: true},
	{Kind: "pon", Name: "PON serial number", Structure: "vendor 4 letters, 8 hexadecimal digits", Issuer: "vendor", Standard: "G.984.3, G.988",
		Seen: "optical line terminal, label", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"ABCD12345678", "TEST0000002A"}},
	{Kind: "matter-code", Name: "Matter setup code", Structure: "11 digits, or 21 with vendor and product", Check: "Verhoeff", Issuer: "maker", Standard: "Matter Core Specification",
		Seen: "label", Read: true, Examples: []string{"34970112332", "01248123457"}},
	{Kind: "matter", Name: "Matter attestation certificate", Structure: "vendor, product, certificate chain", Check: "signature", Issuer: "Connectivity Standards Alliance", Standard: "Matter Core Specification",
		Seen: "commissioning", Low: 4, High: 4, Device: true},
	{Kind: "uuid", Name: "UUID", Structure: "128 bits", Check: "version and variant bits", Issuer: "whoever generates it", Standard: "RFC 9562",
		Seen: "software", Read: true, Examples: []string{"123e4567-e89b-12d3-a456-426614174000", "00000000-0000-4000-8000-000000000001"}},

	// Products, trade and labels.
	{Kind: "gtin", Name: "GTIN", Structure: "8, 12, 13 or 14 digits", Check: "GS1 modulo 10", Issuer: "GS1 and the brand owner", Standard: "GS1 General Specifications",
		Seen: "box, invoice", Read: true, Examples: []string{"9521234543213", "4006381333931"}},
	{Kind: "gs1", Name: "GS1 label", Structure: "fields with application identifiers: (01) product, (21) serial number, (8002) cellular telephone", Check: "inside (01) and (8002)", Issuer: "brand owner", Standard: "GS1 General Specifications §3",
		Seen: "box barcode", Low: 0, High: 1, Device: true, Read: true, Examples: []string{"(01)09521234543213(21)SN001", "(8002)001017001234569"}},
	{Kind: "sgtin", Name: "SGTIN", Family: "gtin", Structure: "GTIN and a serial number of up to 20 characters", Issuer: "brand owner", Standard: "GS1 EPC Tag Data Standard",
		Seen: "RFID tag", Low: 0, High: 3, Device: true, Read: true, Examples: []string{"urn:epc:id:sgtin:9521234.054321.SN002"}},
	{Kind: "sscc", Name: "SSCC", Structure: "18 digits", Check: "GS1 modulo 10", Issuer: "GS1", Standard: "GS1 General Specifications",
		Seen: "pallet label", Read: true, Examples: []string{"106141412345678908", "095212341234567891"}},
	{Kind: "serial", Name: "maker's serial number", Structure: "as the maker likes", Issuer: "maker", Seen: "label, settings, invoice", Low: 0, High: 1, Device: true, Read: true, Examples: []string{"SN0000000001", "R58M12ABCDE"}},
	{Kind: "model", Name: "model, part number, trade name", Structure: "text", Issuer: "maker", Seen: "label, TAC directory"},
	{Kind: "hs", Name: "HS code", Structure: "6 digits and national ones", Issuer: "World Customs Organization", Standard: "Harmonized System 2022", Seen: "customs declaration", Examples: []string{"851713", "851762"}},
	{Kind: "drone", Name: "drone serial number", Structure: "maker 4, length 1, serial number 1 to 15", Check: "the length", Issuer: "maker code listed by ICAO", Standard: "ANSI/CTA-2063-A",
		Seen: "remote identification, label", Low: 1, High: 1, Device: true, Read: true, Examples: []string{"MFR1C123456789ABC", "TST151A2B3"}},
	{Kind: "vin", Name: "VIN", Structure: "17 letters and digits without I, O and Q", Check: "modulo 11 at place 9, where the region asks for it", Issuer: "maker", Standard: "ISO 3779",
		Seen: "vehicle, telematics", Low: 1, High: 1, Read: true, Examples: []string{"1M8GDM9AXKP042788", "11111111111111111"}},

	// Regulators.
	{Kind: "type-approval", Name: "type-approval number", Structure: "national", Issuer: "regulator", Seen: "label, database"},
	{Kind: "fcc-id", Name: "FCC ID", Structure: "grantee 3 or 5, product up to 14", Issuer: "FCC", Seen: "label"},
	{Kind: "ce-body", Name: "CE with notified body", Structure: "4 digits beside the mark", Issuer: "European Union", Seen: "label"},
	{Kind: "certificate", Name: "certificate of compliance", Structure: "number and signature", Check: "signature", Issuer: "regulator", Seen: "receipt", Low: 3, High: 3},

	// Keys and attestations: what resists duplication.
	{Kind: "ueid", Name: "UEID of type IMEI", Structure: "03 and 14 octets of one digit each", Check: "signature of the token around it", Issuer: "device maker's attester", Standard: "RFC 9711",
		Seen: "attestation token", Low: 3, High: 4, Device: true, Read: true, Examples: []string{"030000010001070000010203040506", "030409000105040200030203070501"}},
	{Kind: "idevid", Name: "IDevID", Structure: "X.509 certificate and key from manufacture", Check: "key proof", Issuer: "maker", Standard: "IEEE 802.1AR", Seen: "network join", Low: 4, High: 4, Device: true},
	{Kind: "fdo", Name: "FDO GUID and voucher", Structure: "chain of owners", Check: "signatures", Issuer: "maker and owners", Standard: "FIDO Device Onboard", Seen: "onboarding", Low: 4, High: 4, Device: true},
	{Kind: "android-attestation", Name: "Android key attestation", Structure: "statement signed in hardware, may carry IMEI and serial number", Check: "certificate chain, challenge", Issuer: "maker, platform root", Seen: "managed devices", Low: 3, High: 4, Device: true},
	{Kind: "euicc-certificate", Name: "eSIM certificate", Structure: "certificate with the EID", Check: "certificate chain", Issuer: "chip maker under GSMA", Standard: "GSMA SGP.22, SGP.32", Seen: "provisioning", Low: 4, High: 4, Device: true},
	{Kind: "tpm", Name: "TPM endorsement key", Structure: "key in a module", Check: "make-credential proof", Issuer: "module maker", Standard: "TCG", Seen: "PC, server", Low: 4, High: 4, Device: true},
	{Kind: "puf", Name: "key from a physical function", Structure: "unique to the silicon", Check: "challenge and response", Issuer: "chip maker", Seen: "devices of the Internet of Things", Low: 3, High: 3, Device: true},
	{Kind: "rfid", Name: "authenticated tag", Structure: "tag with a key", Check: "challenge and response", Issuer: "tag maker", Standard: "ISO/IEC 29167", Seen: "packaging", Low: 3, High: 3},
	{Kind: "credential", Name: "device passport", Structure: "signed set of digests", Check: "signature, status", Issuer: "regulator, maker", Standard: "W3C Verifiable Credentials 2.0", Seen: "document, QR code", Low: 1, High: 3},
	{Kind: "did", Name: "resolvable name (DID, OID, Handle)", Structure: "various", Issuer: "various", Standard: "W3C DID, X.660, X.1255", Seen: "registries"},
	{Kind: "advertising", Name: "advertising or system ID", Structure: "resettable", Issuer: "operating system", Seen: "software; personal data, refused"},
}
