package vault

import (
	"slices"
	"sync"
)

// queue holds the Updates that wait for a turn to commit.
type queue struct {
	mu   sync.Mutex
	list []*update
}

func (q *queue) add(u *update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, u)
}

// take takes what waits, or the worker alone. What nobody waits for any more, because its caller's context ended after it was put back, is not carried out.
func (q *queue) take(worker *update, alone bool) (live []*update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.list, worker); alone && i >= 0 {
		q.list = slices.Delete(q.list, i, i+1)
		return []*update{worker}
	}
	for _, u := range q.list {
		if err := u.ctx.Err(); err != nil {
			u.finish(&Error{Kind: Busy, Msg: "the vault is busy", Err: err})
		} else {
			live = append(live, u)
		}
	}
	q.list = nil
	return live
}

func (q *queue) remove(u *update) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.list, u)
	if i < 0 {
		return false
	}
	q.list = slices.Delete(q.list, i, i+1)
	return true
}

// putBack returns Updates that did not fit to the head of the queue.
func (q *queue) putBack(list []*update) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(slices.Clone(list), q.list...)
}
