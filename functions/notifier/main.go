// Command notifier is the Lambda function that follows both tables' streams and tells the event bus what was changed and who saw what. It has no key.
package main

import (
	"tresor/shared/dynamo/layout"
	"tresor/shared/notify"
	"tresor/shared/wire/events"
)

func main() {
	events.StartStream("notifier", func(c layout.Config) (events.Handler[notify.Batch, notify.Answer], error) {
		to, err := events.Bus()
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
