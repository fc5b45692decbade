package syspass

import (
	"math"
	"unicode/utf8"
)

// column is a text on its way into one of the original's columns, which refuse what is too long. Its API passes the database's text on
// (syspass 1.5, 3.8, 3.12).
type column struct {
	name  string
	value string
	max   int
}

// fit returns the original's error for the first value that has more characters than its column holds.
func fit(columns ...column) error {
	for _, c := range columns {
		if utf8.RuneCountInString(c.value) > c.max {
			return tooLong(c.name)
		}
	}
	return nil
}

func tooLong(name string) error {
	return sqlError("22001", "String data, right truncated: 1406 Data too long for column '"+name+"' at row 1")
}

// inRange refuses a number that an unsigned column does not hold.
func inRange(name string, n int64) error {
	if n < 0 || n > math.MaxUint32 {
		return sqlError("22003", "Numeric value out of range: 1264 Out of range value for column '"+name+"' at row 1")
	}
	return nil
}

// Limits of the columns. A text is counted in characters, notes and passwords in bytes.
const (
	maxAccountName  = 100
	maxLogin        = 50
	maxURL          = 255
	maxNotes        = 1<<16 - 1
	maxPassword     = 416 // of which the encrypted form fills its column
	maxClientName   = 100
	maxCategoryName = 50
	maxTagName      = 45
	maxGroupName    = 50
	maxDescription  = 255
)
