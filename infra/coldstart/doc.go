// Command coldstart measures how long a Lambda function takes from the start of its process to its first poll for an event, beside the least that
// a function can be (folder hello). Its tests run the same real programs end to end.
//
// The one idea: nothing of ours is faked but AWS's ends of the sockets: the programs are built with the flags of a deployment, for this
// machine's processor, and meet a runtime API, a KMS, and DynamoDB Local. What DynamoDB Local takes, a JVM in the place of a service, is told apart by
// giving the program the same answers again from memory.
package main
