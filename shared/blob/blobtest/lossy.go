package blobtest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"tresor/shared/blob"
	"tresor/shared/vault"
)

// Fate is what becomes of a write.
type Fate uint8

const (
	// Answered is a write as it should be.
	Answered Fate = iota
	// AnswerLost is carried out, and its caller told Undecided.
	AnswerLost
	// RequestLost is not carried out, and its caller told Undecided.
	RequestLost
)

// Lossy is a store that loses answers, for tests of what is built on one.
type Lossy struct {
	blob.Store
	// Lose decides over each Put and Delete.
	Lose func(method, key string) Fate
}

// Put implements blob.Store. Its content is read whatever its fate, like that of a request that was lost on its way.
func (l *Lossy) Put(ctx context.Context, key string, r io.Reader) (string, error) {
	switch l.Lose("Put", key) {
	case AnswerLost:
		if _, err := l.Store.Put(ctx, key, r); err != nil {
			return "", err
		}
		return "", lostAnswer("put", key)
	case RequestLost:
		if _, err := io.Copy(io.Discard, r); err != nil {
			return "", fmt.Errorf("put object %q: read: %w", key, err)
		}
		return "", lostAnswer("put", key)
	case Answered:
	}
	return l.Store.Put(ctx, key, r)
}

// Delete implements blob.Store.
func (l *Lossy) Delete(ctx context.Context, key string) error {
	fate := l.Lose("Delete", key)
	if fate == RequestLost {
		return lostAnswer("delete", key)
	}
	if err := l.Store.Delete(ctx, key); err != nil || fate == Answered {
		return err
	}
	return lostAnswer("delete", key)
}

func lostAnswer(what, key string) error {
	return &vault.Error{Kind: vault.Undecided, Err: fmt.Errorf("%s object %q: %w", what, key, errors.New("the answer was lost"))}
}
