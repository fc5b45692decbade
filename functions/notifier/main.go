// Command notifier is the Lambda function that follows both tables' streams and tells the event bus what was changed and who saw what. It has no key.
package main

import (
	"context"

	"tresor/shared/dynamo"
	"tresor/shared/notify"
	"tresor/shared/wire"
)

func main() {
	wire.StartStream("notifier", func(c dynamo.Config) (func(context.Context, notify.Batch) (notify.Answer, error), error) {
		to, err := wire.EventBus()
		if err != nil {
			return nil, err
		}
		n, err := notify.New(c, to)
		if err != nil {
			return nil, err
		}
		return n.Handle, nil
	})
}
