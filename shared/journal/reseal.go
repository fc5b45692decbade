package journal

import "tresor/shared/vault"

// ResealRecord returns a record under the primary key, with the plaintext and so the hash that it has (law 12); false where it is under that already.
func ResealRecord(r vault.Resealer, s *vault.StoredRecord) (vault.Resealed, bool, error) {
	return anew(vault.Resealed{Record: &s.RecordKey, Was: s.Sealed}, r, vault.PurposeIndex, recordBinding(s))
}

// ResealPayload is ResealRecord for a secret payload.
func ResealPayload(r vault.Resealer, k vault.SecretKey, sealed []byte) (vault.Resealed, bool, error) {
	return anew(vault.Resealed{Secret: &k, Was: sealed}, r, vault.PurposeSecrets, payloadBinding(k))
}

// ResealAccess is ResealRecord for an access record.
func ResealAccess(r vault.Resealer, a *vault.StoredAccess) (vault.Resealed, bool, error) {
	key := a.Key()
	return anew(vault.Resealed{Access: &key, Was: a.Sealed}, r, vault.PurposeIndex, accessBinding(a))
}

func anew(item vault.Resealed, r vault.Resealer, p vault.Purpose, b vault.Binding) (vault.Resealed, bool, error) {
	var err error
	item.Sealed, err = r.Reseal(p, item.Was, b)
	return item, item.Sealed != nil, err
}
