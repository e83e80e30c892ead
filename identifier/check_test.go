package identifier

import "testing"

func TestCheckDigits(t *testing.T) {
	cases := []struct {
		rule    func(string) byte
		payload string
		want    byte
	}{
		{Luhn, "49015420323751", '8'}, {Luhn, "890000000000000001", '1'}, {Luhn, "891004234814455936", '1'}, {Luhn, "", '0'}, {Luhn, "1A", 0},
		{Luhn16, "AF0123450ABCDE", 'C'}, {Luhn16, "A00000049259B1", 'C'}, {Luhn16, "A1000009ABCDEF", 'C'}, {Luhn16, "A0000000002329", '9'}, {Luhn16, "G", 0},
		{GS1, "952123454321", '3'}, {GS1, "0952123454321", '3'}, {GS1, "1952123454321", '0'}, {GS1, "9638507", '4'}, {GS1, "03600029145", '2'}, {GS1, "0061414112345", '2'}, {GS1, "10614141234567890", '8'}, {GS1, "x", 0},
		{VINCheck, "1M8GDM9AXKP042788", 'X'}, {VINCheck, "1HGCM82633A004352", '3'}, {VINCheck, "11111111111111111", '1'}, {VINCheck, "1M8GDM9AXKP04278", 0}, {VINCheck, "1M8GDM9AXKP04278O", 0},
		{Verhoeff, "3497011233", '2'}, {Verhoeff, "0124812345", '7'}, {Verhoeff, "236", '3'}, {Verhoeff, "A", 0},
		{IPEICheck, "000010000002", '7'}, {IPEICheck, "001230456789", '7'}, {IPEICheck, "000000000010", '0'}, {IPEICheck, "000000000100", '*'},
	}
	for _, c := range cases {
		if got := c.rule(c.payload); got != c.want {
			t.Errorf("%q: got %c, want %c", c.payload, got, c.want)
		}
	}
	for payload, want := range map[string]string{
		"890010120123412340123456789012": "24", "890490320000010000000000000001": "71", "890015670102030405060708091011": "52",
		"890440459300000000000014923253": "71", "352440010000000000000000000012": "39",
	} {
		if got := Mod97(payload); got != want || remainder97(payload+got) != 1 {
			t.Errorf("%s: got %s, want %s", payload, got, want)
		}
	}
}

// Every single-digit error is caught by every rule over decimal digits.
func TestSingleErrors(t *testing.T) {
	for name, rule := range map[string]func(string) byte{"Luhn": Luhn, "GS1": GS1, "Verhoeff": Verhoeff} {
		payload := "49015420323751"
		right := rule(payload)
		for i := range payload {
			for by := byte(1); by < 10; by++ {
				b := []byte(payload)
				b[i] = '0' + (b[i]-'0'+by)%10
				if rule(string(b)) == right {
					t.Errorf("%s: %s is taken for %s", name, b, payload)
				}
			}
		}
	}
	// Verhoeff catches every swap of neighbours too.
	payload := "3497011233"
	for i := 0; i+1 < len(payload); i++ {
		b := []byte(payload)
		b[i], b[i+1] = b[i+1], b[i]
		if string(b) != payload && Verhoeff(string(b)) == Verhoeff(payload) {
			t.Errorf("Verhoeff: %s is taken for %s", b, payload)
		}
	}
}
