// Package cost computes what a vault costs on AWS from what was counted: units of DynamoDB, bytes of log lines, the template's alarms and schedules. docs/cost.md
// is checked against it.
//
// The one idea: every amount is a quantity that a test counted times a list price, so a change that makes a request dearer changes a number in a file that
// somebody reads. What cannot be counted here, such as milliseconds on Lambda, is an assumption with a name.
package cost

import (
	"fmt"
	"strings"
)

// price is what one unit of something costs, in dollars, and how many of it every account has for nothing each month, for ever. us-east-1, list prices of 2026-11;
// offers for new accounts are left out.
type price struct {
	dollars float64
	free    float64
}

// The prices. Where to look them up: https://aws.amazon.com/api-gateway/pricing/, and so on for lambda, dynamodb, cloudwatch, kms, s3 and ec2 (transfer).
var (
	apiRequest      = price{dollars: 3.50 / 1e6} // REST, first 333 million
	lambdaRequest   = price{0.20 / 1e6, 1e6}
	gigabyteSecond  = price{0.0000133334, 400_000} // arm64
	readUnit        = price{dollars: 0.125 / 1e6}  // on demand
	writeUnit       = price{dollars: 0.625 / 1e6}
	tableGigabyte   = price{0.25, 25}
	recoverGigabyte = price{dollars: 0.20}     // point-in-time recovery
	logGigabyte     = price{0.50, 5}           // taken in
	alarmMetric     = price{0.10, 10}          //
	dashboard       = price{3, 3}              // of up to 50 metrics
	customMetric    = price{0.30, 10}          //
	transferOut     = price{0.09, 100}         // gigabytes to the internet
	kmsRequest      = price{0.03 / 1e4, 20000} //
	objectGigabyte  = price{dollars: 0.023}
	objectWrite     = price{dollars: 0.005 / 1e3} // PUT and LIST
	objectRead      = price{dollars: 0.0004 / 1e3}
	busEvent        = price{dollars: 1.00 / 1e6} // of a bus of one's own
)

// Line is one row of a bill.
type Line struct {
	What     string
	Quantity float64
	Unit     string
	price    price
}

// List returns what the line costs at list prices, in dollars.
func (l Line) List() float64 { return l.Quantity * l.price.dollars }

// Free returns what is left of it where nothing else in the account uses the free allowance.
func (l Line) Free() float64 { return max(0, l.Quantity-l.price.free) * l.price.dollars }

// Bill is what one month costs. A price stands in one line of it, since its allowance is given once.
type Bill []Line

// List sums the lines at list prices.
func (b Bill) List() (sum float64) {
	for _, l := range b {
		sum += l.List()
	}
	return sum
}

// Free sums what is left after the allowances.
func (b Bill) Free() (sum float64) {
	for _, l := range b {
		sum += l.Free()
	}
	return sum
}

// Table writes the bill as Markdown.
func (b Bill) Table() string {
	var t strings.Builder
	t.WriteString("| what | how much | list price | after free allowances |\n|---|---:|---:|---:|\n")
	for _, l := range b {
		fmt.Fprintf(&t, "| %s | %s %s | $%.3f | $%.3f |\n", l.What, amount(l.Quantity), l.Unit, l.List(), l.Free())
	}
	fmt.Fprintf(&t, "| **all** | | **$%.2f** | **$%.2f** |\n", b.List(), b.Free())
	return t.String()
}

// amount writes a quantity with three digits at least, and thousands apart.
func amount(n float64) string {
	if n < 100 {
		return fmt.Sprintf("%.3g", n)
	}
	text := fmt.Sprintf("%.0f", n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// Read is what one read of a secret takes, as counted.
type Read struct {
	ReadUnits, WriteUnits   int
	FunctionLine, AccessLog int // bytes
	Answer                  int // bytes, with headers
}

// Assumptions are what no test here can count.
type Assumptions struct {
	ReadMillis  float64 // that Lambda bills for a warm read
	ColdStarts  float64 // in a month of a million reads
	ColdSeconds float64 // that Lambda bills for a start, and for a run of a job with it
	ColdKMS     float64 // requests of a start beside one for each keyset: DynamoDB and S3 ask for the key in the function's name
}

// Assumed are the assumptions of docs/cost.md.
var Assumed = Assumptions{ReadMillis: 8, ColdStarts: 1000, ColdSeconds: 1.5, ColdKMS: 3}

// eventOverhead is what CloudWatch adds to each line, in bytes.
const eventOverhead = 26

// Reads returns the bill of n reads of a secret, by functions of that much memory with that many keysets. If a notifier has memory, each read is told to the bus, by a run
// of its own at worst.
func Reads(n float64, r Read, memoryMB, keysets, notifierMB float64, a Assumptions) Bill {
	seconds := n*a.ReadMillis/1000 + a.ColdStarts*a.ColdSeconds
	bill := Bill{
		{"API Gateway", n, "requests", apiRequest},
		{"Lambda, requests", n, "requests", lambdaRequest},
		{"Lambda, time", seconds * memoryMB / 1024, "GB-s", gigabyteSecond},
		{"DynamoDB, reads", n * float64(r.ReadUnits), "RRU", readUnit},
		{"DynamoDB, access records", n * float64(r.WriteUnits), "WRU", writeUnit},
		{"logs, the functions' and API Gateway's", n * float64(r.FunctionLine+r.AccessLog+2*eventOverhead) / 1e9, "GB", logGigabyte},
		{"transfer out", n * float64(r.Answer) / 1e9, "GB", transferOut},
		{"metrics of ours, for reads and cold starts", 3, "metrics", customMetric},
		{"KMS, cold starts", a.ColdStarts * (keysets + a.ColdKMS), "requests", kmsRequest},
	}
	if notifierMB > 0 {
		bill[1].Quantity += n
		bill[2].Quantity += n * a.ReadMillis / 1000 * notifierMB / 1024
		bill = append(bill, Line{"events", n, "events", busEvent})
	}
	return bill
}

// Job is a function that runs on a schedule.
type Job struct {
	Name     string
	Runs     float64 // a month
	MemoryMB float64
	Keysets  float64
	Units    Units // of a run
}

// Units are units of DynamoDB, and requests to S3: those that put or list, and those that get.
type Units struct{ Read, Write, Puts, Gets float64 }

// Store is what an idle vault holds, and what watches it.
type Store struct {
	TableBytes           float64
	SnapshotBytes        float64 // of one
	Backups, BackupBytes float64 // that are kept or hidden, and the bytes of one
	Anchors, AnchorBytes float64
	Events               float64 // to the bus, a month
	AlarmMetrics         float64
	Dashboards           float64
}

// keptSnapshots are the three that are kept and a few that a versioned bucket still hides.
const keptSnapshots = 10

// jobLines is how many bytes the two or so lines have that a run writes.
const jobLines = 1000

// Idle returns the bill of a month in which nobody asks, without the KMS key.
func Idle(s Store, jobs []Job, a Assumptions) Bill {
	var runs, gbs, kms float64
	var units Units
	for _, j := range jobs {
		runs += j.Runs
		gbs += j.Runs * a.ColdSeconds * j.MemoryMB / 1024
		kms += j.Runs * (j.Keysets + a.ColdKMS)
		units.Read += j.Runs * j.Units.Read
		units.Write += j.Runs * j.Units.Write
		units.Puts += j.Runs * j.Units.Puts
		units.Gets += j.Runs * j.Units.Gets
	}
	return Bill{
		{"DynamoDB, stored", s.TableBytes / 1e9, "GB", tableGigabyte},
		{"DynamoDB, point-in-time recovery", s.TableBytes / 1e9, "GB", recoverGigabyte},
		{"S3, snapshots, backups and anchors", (keptSnapshots*s.SnapshotBytes + s.Backups*s.BackupBytes + s.Anchors*s.AnchorBytes) / 1e9, "GB", objectGigabyte},
		{"jobs: Lambda, requests", runs, "requests", lambdaRequest},
		{"jobs: Lambda, time", gbs, "GB-s", gigabyteSecond},
		{"jobs: DynamoDB, reads", units.Read, "RRU", readUnit},
		{"jobs: DynamoDB, writes", units.Write, "WRU", writeUnit},
		{"jobs: S3, lists and writes", units.Puts, "requests", objectWrite},
		{"jobs: S3, reads", units.Gets, "requests", objectRead},
		{"jobs: KMS", kms, "requests", kmsRequest},
		{"jobs: logs", runs * jobLines / 1e9, "GB", logGigabyte},
		{"events", s.Events, "events", busEvent},
		{"alarms", s.AlarmMetrics, "metrics", alarmMetric},
		{"dashboard", s.Dashboards, "dashboards", dashboard},
	}
}
