-- When the words of a conversation were emptied: its time was over, or its customer wanted to be forgotten.
alter table conversation add column emptied_at timestamptz;
create index conversation_kept on conversation (inbox_id, last_message_at) where emptied_at is null;
