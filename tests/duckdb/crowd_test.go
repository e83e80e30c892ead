package duckdb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openceir/openceir/internal/device"
	"github.com/openceir/openceir/internal/segment"
	"github.com/openceir/openceir/subscriber"
)

// crowdLast is the last day of a crowd, so that a month back from it meets a shorter month.
var crowdLast = device.Date(2026, 3, 30)

const crowdDays = 95

// keptBack names the rows of the dump that is kept back.
const keptBack = "late"

// models are the codes of a crowd: of one model, of none, exempt, of bands that say nothing or only
// other radio, for tests; 45000001 and 99000005 are in no directory.
const models = `TAC|Manufacturer|Bands|Allocation Date|Model Name|Device Type
35000001|Acme|GSM 900, WCDMA FDD Band I|01-Jan-2020|One|Smartphone
35000002|Acme |LTE FDD BAND 3/NB-IoT|01-Jan-2020|One|Smartphone
35000003||GSM 900|01-Jan-2020||Module
86000004|Box|WLAN|01-Jan-2020|B|module 
86000006|Box|  |01-Jan-2020|Silent|Smartphone
35000007|Acme|E-UTRA;CDMA2000|01-Jan-2020|Two|Mobile WiFi (MiFi)
00440008|Lab|5G NR|01-Jan-2020|L|Modem
`

var codes = []string{"35000001", "35000001", "35000002", "35000003", "86000004", "86000006", "35000007", "00440008", "45000001", "99000005", "00101701", "02000009"}

// crowd is a country with no honest proportions: few devices, each with many faults.
type crowd struct {
	r     *rand.Rand
	rows  map[string]*strings.Builder // of each operator's dump
	lists map[device.FileKind]*strings.Builder
	delta map[device.FileKind]*strings.Builder
	stays []segment.Row
}

// crowded makes a crowd up: three months of two operators, timed for the last forty days, whose
// devices meet every threshold from both sides, and lists that name them, others and no devices, with
// deltas over them.
func crowded(t *testing.T, devices int, seed uint64) *nation {
	n, kept := crowdWithout(t, devices, seed)
	n.dump(t, kept)
	return n
}

// crowdWithout makes a crowd up and keeps back one dump, of the first operator, of which it returns
// the path: a twentieth of what that operator saw.
func crowdWithout(t *testing.T, devices int, seed uint64) (*nation, string) {
	c := &crowd{rand.New(rand.NewPCG(seed, 0)), map[string]*strings.Builder{}, map[device.FileKind]*strings.Builder{}, map[device.FileKind]*strings.Builder{}, nil}
	for kind, header := range map[device.FileKind]string{
		device.FileTAC: strings.TrimSuffix(models, "\n"), device.FileMonitoring: "imei", device.FileBarred: "imei", device.FileBarredTAC: "tac\n35000002\n00440008\n35000099",
		device.FileStolen: "imei,reporting_date,status", device.FileRegistration: "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id",
		device.FileSubscribers: "uid,imsi", device.FileAssociation: "uid,imei",
	} {
		c.lists[kind] = &strings.Builder{}
		fmt.Fprintln(c.lists[kind], header)
	}
	for kind, header := range map[device.FileKind]string{device.FileMonitoring: "imei", device.FileStolen: "imei,reporting_date,status"} {
		c.delta[kind] = &strings.Builder{}
		fmt.Fprintln(c.delta[kind], header+",change_type")
	}
	for _, op := range []string{"auk", "bee", keptBack} {
		c.rows[op] = &strings.Builder{}
		c.rows[op].WriteString("date,imei,imsi,msisdn,rat\n")
		if op == keptBack {
			continue
		}
		for d := range device.Day(crowdDays) { // somebody is seen every day: nothing is missing
			c.row(op, crowdLast-d, "35000001999999", "001010000000009", "999700000009", "001")
		}
	}
	for i := range 60 {
		fmt.Fprintf(c.lists[device.FileSubscribers], "P%d,%s\n", i/2, imsi(i))
	}
	for i := range devices {
		c.device(i)
	}
	return c.register(t)
}

// imsi returns a card of a network at home, of another of the country, or from abroad.
func imsi(i int) string {
	network := []string{"00101", "00102", "001030", "00104", "26201", "00102", "001036"}[i%7]
	return network + fmt.Sprintf("%0*d", 15-len(network), i)
}

// device makes one device up, with its users, days, stays and lists.
func (c *crowd) device(i int) {
	id := fmt.Sprintf("%s%06d", codes[c.r.IntN(len(codes))], i)
	switch c.r.IntN(25) {
	case 0:
		id = id[:13] // stripped
	case 1:
		id = id[:9] + "AB*"
	case 2:
		id = "ab" + id[:8]
	case 3:
		id = strings.Repeat(fmt.Sprint(c.r.IntN(10)), 14)
	}
	c.list(id)
	if c.r.IntN(8) == 0 {
		return // never seen
	}
	if c.r.IntN(12) == 0 {
		c.probe(id, i)
		return
	}
	people := 1 + c.r.IntN(6)
	first := c.r.IntN(crowdDays)
	for p := 0; p < people; p++ {
		who, number := imsi(i*7+p), fmt.Sprintf("9997%08d", i*7+p)
		switch c.r.IntN(8) {
		case 0:
			who = ""
		case 1:
			number = ""
		case 2:
			number = fmt.Sprintf("9997%08d", i*7) // kept through a change of cards
		case 3:
			number = fmt.Sprintf("9997%07d", i*7+p) // a digit too short for the peers
		case 4:
			who = imsi(p) // registered persons
		}
		if i%9 == 0 {
			number = fmt.Sprintf("9996%08d", i) // a number that few or many share
			if p == 0 {
				people = 3 + c.r.IntN(4)
			}
		}
		if c.r.IntN(20) == 0 || len(id) != 14 && c.r.IntN(4) == 0 {
			who = "0010" // nobody knows who
		}
		op := []string{"auk", "auk", "bee"}[c.r.IntN(3)]
		if op == "auk" && c.r.IntN(20) == 0 {
			op = keptBack
		}
		rat := []string{"", "001", "002", "006", "002|006", "010", "008"}[c.r.IntN(7)]
		from, length, step := c.r.IntN(1+first), 1+c.r.IntN(40), 1+c.r.IntN(4)
		for d := from; d < min(from+length, crowdDays); d += step {
			c.row(op, crowdLast-device.Day(d), id, who, number, rat)
		}
	}
	for range c.r.IntN(3) * c.r.IntN(9) {
		c.stay(id, i, people)
	}
}

// probe is a device that passes through numbers in steps.
func (c *crowd) probe(id string, i int) {
	step := 1 + c.r.IntN(3)
	for d := range device.Day(6) {
		for k := range 2 {
			op := "auk"
			if c.r.IntN(40) == 0 {
				op = "bee"
			}
			number := 999_800_000_000 + i*1000 + (int(d)*2+k)*step
			if c.r.IntN(40) == 0 {
				number++
			}
			c.row(op, crowdLast-d, id, imsi(i*7), fmt.Sprint(number), "001")
		}
	}
}

func (c *crowd) row(op string, day device.Day, id, imsi, msisdn, rat string) {
	fmt.Fprintf(c.rows[op], "%s,%s,%s,%s,%s\n", strings.ReplaceAll(day.String(), "-", ""), id, imsi, msisdn, rat)
}

// places are in three towns: two cells of the first, one 25 km off, one of a town far away.
var places = []device.Area{device.AreaOf(23.81, 90.41), device.AreaOf(23.81, 90.41), device.AreaOf(23.91, 90.41), device.AreaOf(24.03, 90.41), device.AreaOf(22.33, 91.83), 0}

// stay puts a user somewhere for a while. The days are those of a clock six hours ahead.
func (c *crowd) stay(id string, i, people int) {
	span := []int{40, 40, 2}[i%3]
	from := device.Minute(crowdLast-device.Day(span))*1440 + device.Minute(c.r.IntN(span*1440))
	to := from + device.Minute(c.r.IntN(600))
	who, _ := subscriber.ParseIMSI(imsi(i*7 + c.r.IntN(people+1)))
	c.stays = append(c.stays, segment.Row{IMEI: id, IMSI: who, Radio: device.Radio4G, Area: places[c.r.IntN(len(places))], From: from, To: to,
		First: device.Day((from + 360) / 1440), Last: device.Day((to + 360) / 1440)})
}

// list puts a device on lists.
func (c *crowd) list(id string) {
	one := func(kind device.FileKind, often int, row string) {
		if c.r.IntN(often) == 0 {
			fmt.Fprintln(c.lists[kind], row)
		}
	}
	one(device.FileBarred, 7, id)
	one(device.FileRegistration, 2, id+",Acme,One,"+[]string{"", "whitelist", "pending"}[c.r.IntN(3)]+",,,,,")
	one(device.FileAssociation, 3, fmt.Sprintf("P%d,%s", c.r.IntN(30), id))
	if c.r.IntN(5) == 0 {
		fmt.Fprintln(c.lists[device.FileStolen], id+",20260101,"+[]string{"", "blacklist", "pending"}[c.r.IntN(3)])
		if len(id) == 14 && c.r.IntN(3) == 0 {
			fmt.Fprintln(c.delta[device.FileStolen], id+[]string{",20260101,,remove", ",20260102,pending,update", ",20260102,blacklist,update"}[c.r.IntN(3)])
		}
	} else if len(id) == 14 && c.r.IntN(20) == 0 {
		fmt.Fprintln(c.delta[device.FileStolen], id+",20260101,,add")
	}
	if c.r.IntN(5) == 0 {
		fmt.Fprintln(c.lists[device.FileMonitoring], id)
		if len(id) == 14 && c.r.IntN(3) == 0 {
			fmt.Fprintln(c.delta[device.FileMonitoring], id+",remove")
		}
	} else if len(id) == 14 && c.r.IntN(5) == 0 {
		fmt.Fprintln(c.delta[device.FileMonitoring], id+",add")
	}
}

// register takes the crowd in.
func (c *crowd) register(t *testing.T) (n *nation, kept string) {
	dir := t.TempDir()
	write := func(name string, body *strings.Builder) string {
		path := filepath.Join(dir, name+".csv")
		must(t, os.WriteFile(path, []byte(unique(body.String())), 0o600))
		return path
	}
	for kind, body := range c.lists {
		write(string(kind), body)
	}
	for kind, body := range c.delta {
		write(string(kind)+"_delta", body)
	}
	var dumps []string
	span := "_" + strings.ReplaceAll((crowdLast-crowdDays+1).String()+"_"+crowdLast.String(), "-", "")
	for op, body := range c.rows {
		if op != keptBack {
			dumps = append(dumps, write(op+span, body))
		}
	}
	kept = write("auk_late"+span, c.rows[keptBack])
	n = register(t, "001", "999", "Asia/Dhaka", map[string][]subscriber.PLMN{"auk": {"00101", "00102"}, "bee": {"001030"}}, crowdLast)
	n.ahead = 360
	n.take(t, dir, dumps)
	var out bytes.Buffer
	w, err := segment.NewWriter(&out, "auk")
	must(t, err)
	for _, row := range c.stays {
		must(t, w.Write(row))
	}
	must(t, w.Close())
	_, err = n.centre.Accept(t.Context(), "auk", out.Bytes())
	must(t, err)
	return n, kept
}

// unique leaves out rows of a list whose first fields stood before: two rows with one key and other
// fields contradict each other.
func unique(text string) string {
	if strings.HasPrefix(text, "date,") || strings.HasPrefix(text, "uid,") || strings.HasPrefix(text, "TAC") {
		return text
	}
	var out strings.Builder
	stood := map[string]bool{}
	for line := range strings.Lines(text) {
		key, _, _ := strings.Cut(strings.TrimSpace(line), ",")
		if !stood[key] {
			out.WriteString(line)
		}
		stood[key] = true
	}
	return out.String()
}
