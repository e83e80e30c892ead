package authz

import "testing"

// Each role reaches what it is for, and nothing else: every role with every place.
func TestReaches(t *testing.T) {
	own := map[Reach]string{Organisation: "police", Station: "police/harbour"}
	reached := map[Reach]map[string]bool{
		Country:      {"police/harbour": true, "police/market": true, "police": true, "ministry": true, "": true, "policeman/harbour": true},
		Organisation: {"police/harbour": true, "police/market": true, "police": true},
		Station:      {"police/harbour": true},
		Own:          {},
		Nothing:      {},
	}
	for _, s := range Standings {
		c := Caller{"police/bob", Grant{s.Role, own[s.Reach]}}
		for place := range reached[Country] {
			if got := c.Reaches(place); got != reached[s.Reach][place] {
				t.Errorf("a %s reaches %q: %v", s.Role, place, got)
			}
		}
	}
	nobody := Caller{"police/bob", Grant{"king", "police"}}
	if nobody.Reaches("police") || nobody.Organisation() != "police" {
		t.Error("a role that there is not reaches something")
	}
}
