package observe_test

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/openceir/openceir/imei"
	"github.com/openceir/openceir/internal/device"
)

// writeDump writes a month of a country's dump as networks have them: a phone is seen with its
// subscriber on most days, and rows come day by day in no order.
func writeDump(w io.Writer, rows int, seed uint64) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	r := rand.New(rand.NewPCG(seed, 0))
	fmt.Fprintln(out, "date,imei,imsi,msisdn,rat")
	phones := rows / 20
	for i := range rows {
		p := uint64(r.IntN(phones))
		m := imei.New(imei.TAC(35_000_000+p%3000*17), uint32(p*7919%1_000_000))
		fmt.Fprintf(out, "202601%02d,%s0,4700100%08d,88017%08d,%03d\n", 1+i*31/rows, m, p, p*31%100_000_000, []int{2, 1, 6, 6, 6}[p%5])
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkImport takes in a zipped dump of two million rows, from opening to adoption.
func BenchmarkImport(b *testing.B) {
	const rows = 2_000_000
	dir := b.TempDir()
	path := filepath.Join(dir, "alpha_20260101_20260131.zip")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("alpha_20260101_20260131.csv")
	if err != nil {
		b.Fatal(err)
	}
	writeDump(w, rows, 1)
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	var before time.Duration
	var bytes, kept int64
	n := 0
	var total time.Duration
	for b.Loop() {
		h := newHouse(b, b.TempDir())
		before = cpu()
		rep := h.take(path, device.FileOperator, "alpha")
		total += cpu() - before
		n++
		bytes, kept = 0, 0
		for _, p := range rep.File.Parts {
			bytes, kept = bytes+p.Bytes, kept+p.Rows
		}
	}
	b.ReportMetric(float64(n)*rows/total.Seconds(), "rows/cpu-s")
	b.ReportMetric(float64(bytes)/float64(kept), "B/kept-row")
	b.ReportMetric(float64(bytes)/rows, "B/row")
}

// BenchmarkRegistration takes in a zipped registration list of 1.5 million rows in no order.
func BenchmarkRegistration(b *testing.B) {
	const rows = 1_500_000
	dir := b.TempDir()
	path := filepath.Join(dir, "registration_list.zip")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("registration_list.csv")
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "approved_imei,make,model,status,model_number,brand_name,device_type,radio_interface,device_id")
	for i := range rows {
		p := i * 7919 % rows
		tac := p % 20_000
		fmt.Fprintf(out, "%s,Maker %d,Model %d,whitelist,M-%d,Brand %d,Smartphone,LTE,D%d\n",
			imei.New(imei.TAC(35_000_000+tac*17), uint32(p%999_983)), tac%300, tac, tac, tac%300, p/2)
	}
	if err := errors.Join(out.Flush(), z.Close(), f.Close()); err != nil {
		b.Fatal(err)
	}
	var total time.Duration
	var bytes int64
	n := 0
	for b.Loop() {
		h := newHouse(b, b.TempDir())
		before := cpu()
		rep := h.take(path, device.FileRegistration, "")
		total += cpu() - before
		n++
		bytes = 0
		for _, p := range rep.File.Parts {
			bytes += p.Bytes
		}
	}
	b.ReportMetric(total.Seconds()/float64(n), "cpu-s/op")
	b.ReportMetric(float64(bytes)/rows, "B/row")
}
