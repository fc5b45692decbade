// Package dynamo keeps a vault's journals, secrets, access records, attempts and keysets in two DynamoDB tables: it implements
// vault.Store on the AWS SDK. It seals nothing, knows no rule of the vault, and never retries: the vault decides what may be sent
// again, because only it knows whether an answer that was lost matters.
//
// The one idea: a record is put only if its number is free, in one transaction with everything that belongs to it, so DynamoDB
// itself decides every race. There is no scan, no index, and no request that reads an item the caller did not name.
//
// Every key is built and parsed in package layout, every item in items.go, and every SDK error becomes a kind in errors.go; the SDK's own
// errors go no further.
package dynamo
