package vault

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TestMarksOfABatch: what changes something brings its mark, and the same request behind it in the batch fails; one that failed or changed
// nothing leaves the way free.
func TestMarksOfABatch(t *testing.T) {
	a, b := &Mark{Hash: Hash{1}}, &Mark{Hash: Hash{2}}
	made := 0
	makes := func(tx *Tx) error {
		made++
		_, err := tx.CreateCategory(Category{Name: fmt.Sprint("category ", made)})
		return err
	}
	fails := func(tx *Tx) error { return errors.Join(makes(tx), Exists) }
	idle := func(*Tx) error { return nil }
	var batch []*update
	var want []Kind
	add := func(once *Mark, run func(*Tx) error, k Kind) {
		batch = append(batch, &update{req: &Request{Auth: Operator{}, Once: once}, run: run, loaded: secrets{}})
		want = append(want, k)
	}
	const fine = kindEnd
	add(nil, makes, fine)
	add(a, fails, Exists)
	add(a, idle, fine)
	add(a, makes, fine)
	add(a, makes, Unauthenticated)
	add(a, idle, Unauthenticated)
	add(b, idle, fine)
	add(nil, makes, fine)

	v := New(nil, Options{})
	attempt, taken, missing := v.prepare(NewState(), batch)
	if len(taken) != len(batch) || len(missing) > 0 {
		t.Fatalf("took %d of %d", len(taken), len(batch))
	}
	for i, u := range batch {
		if want[i] == fine && u.err != nil || want[i] != fine && !errors.Is(u.err, want[i]) {
			t.Errorf("update %d: got %v, want kind %v", i, u.err, want[i])
		}
	}
	if !slices.Equal(attempt.Marks, []Mark{*a}) {
		t.Errorf("got marks %v, want the first one's alone", attempt.Marks)
	}
	if n := len(*attempt.ops(Entries)); n != 3 {
		t.Errorf("got %d operations, want 3", n)
	}
}

// TestMarksFillABatch: they take items of the transaction as payloads do.
func TestMarksFillABatch(t *testing.T) {
	batch := make([]*update, 2*MaxTransactionItems)
	for i := range batch {
		run := func(tx *Tx) error { _, err := tx.CreateCategory(Category{Name: fmt.Sprint(i)}); return err }
		batch[i] = &update{req: &Request{Auth: Operator{}, Once: &Mark{Hash: Hash{byte(i)}}}, run: run, loaded: secrets{}}
	}
	attempt, taken, _ := New(nil, Options{}).prepare(NewState(), batch)
	if n := len(attempt.Marks); n != len(taken) || n < 50 || n > MaxTransactionItems-2 {
		t.Errorf("got %d marks of %d updates", n, len(taken))
	}
}
