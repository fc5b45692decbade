package vaulttest_test

import (
	"sync"
	"testing"

	"tresor/shared/vault"
	"tresor/shared/vault/vaulttest"
)

// memories opens handles on vaults in memory by name.
func memories() func(name string) *vaulttest.Memory {
	var mu sync.Mutex
	vaults := map[string]*vaulttest.Memory{}
	return func(name string) *vaulttest.Memory {
		mu.Lock()
		defer mu.Unlock()
		if vaults[name] == nil {
			vaults[name] = vaulttest.NewMemory()
		}
		return vaults[name].Open()
	}
}

func TestMemory(t *testing.T) {
	open := memories()
	vaulttest.RunStore(t, func(_ *testing.T, name string) vault.Store { return open(name) })
}

// locked makes an Opener of a function that is not safe for concurrent use.
func locked(open func(name string) vault.Store) vaulttest.Opener {
	var mu sync.Mutex
	return func(_ *testing.T, name string) vault.Store {
		mu.Lock()
		defer mu.Unlock()
		return open(name)
	}
}
