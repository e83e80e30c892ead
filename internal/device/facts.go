package device

import (
	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/subscriber"
)

// Registration is one row of the registration list: a device that was registered, or is about to be.
type Registration struct {
	IMEI           imei.IMEI
	Make           string
	Model          string
	Status         string // only the empty one and "whitelist" mean registered (DIRBS layout)
	ModelNumber    string
	BrandName      string
	DeviceType     string
	RadioInterface string
	DeviceID       string // the same for all identities of one device; empty if not given
}

// Registered reports whether the row counts as registered; any other status is provisional.
func (r *Registration) Registered() bool { return r.Status == "" || r.Status == "whitelist" }

// Pairing is one row of the pairing list: a device that a subscriber may use although it is blocked.
type Pairing struct {
	IMEI   imei.IMEI
	IMSI   subscriber.IMSI
	MSISDN subscriber.MSISDN
}

// Golden is the MD5 of the 14 digits of a device that is never blocked nor notified: the form in
// which the golden list is handed around. It hides nothing, for there are few IMEIs to try.
type Golden [16]byte

// Listed is one row of a list of devices and nothing else: the barred and the monitoring list.
type Listed struct {
	IMEI  imei.IMEI
	Since Day // day of adoption of the file with which it came onto the list
}

// Person is one row of the subscribers' registration list: a person and one of their subscriptions.
type Person struct {
	UID  string
	IMSI subscriber.IMSI
}

// Association is one row of the device association list: a person and one of their devices.
type Association struct {
	UID  string
	IMEI imei.IMEI
}
