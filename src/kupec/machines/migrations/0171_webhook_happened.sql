-- What had happened, in a word, for a header of the webhook.
alter table machine_webhook add column happened text;
