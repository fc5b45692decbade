// Package s3 keeps objects in an S3 bucket: it implements blob.Store on the AWS SDK. It seals nothing and makes no bucket; encryption at
// rest is the bucket's, or under a key that it is told.
//
// The one idea: S3 itself decides who wins a key, by the condition If-None-Match: *, and whether what arrived is what was sent, by
// the checksum of the whole object. So nothing is read before it is written, whatever races; and an answer that was lost is settled by one
// look at what is there: every Put leaves a number of its own with its object.
//
// Its role needs s3:PutObject, s3:GetObject, s3:DeleteObject and s3:AbortMultipartUpload on the objects, and s3:ListBucket on the bucket, without
// which S3 answers 403 for an object that is not there. In a versioned bucket a deleted object becomes an old version, which is
// a lifecycle rule's to remove; so are multipart uploads whose first or last request was lost.
//
// Every SDK error becomes a kind in errors.go; the SDK's own errors go no further.
package s3
