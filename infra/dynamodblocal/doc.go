// Package dynamodblocal runs Amazon's DynamoDB Local for tests and local work: it fetches the jars, starts the process, and makes
// tresor's two tables as template.yaml defines them. It is no imitation of DynamoDB and nothing that runs on AWS imports it.
//
// The one idea: the real program is as easy to have as a fake, so no test needs a fake, and none is skipped where it is
// missing. Java 17, Maven and a POSIX shell are all that it needs; a test that lacks them fails and says so.
//
// What it does not show, and AWS does: throttling, IAM, deletion by TTL, and a transaction's items becoming visible one by one.
package dynamodblocal
