-- Each list of the inbox is read off one index, from its beginning, however many conversations there are.
drop index conversation_list;
drop index conversation_open;
create index conversation_live on conversation (last_message_at desc, id desc) where state in ('open', 'snoozed');
create index conversation_live_inbox on conversation (inbox_id, last_message_at desc, id desc)
    where state in ('open', 'snoozed');
create index conversation_nobodys on conversation (last_message_at desc, id desc)
    where state = 'open' and holder = 'people' and assignee is null;
create index conversation_asleep on conversation (last_message_at desc, id desc) where state = 'snoozed';
create index conversation_done on conversation (last_message_at desc, id desc) where state = 'resolved';
create index conversation_done_inbox on conversation (inbox_id, last_message_at desc, id desc)
    where state = 'resolved';
create index conversation_waits_for_people on conversation (last_message_at desc, id desc)
    where state = 'open' and holder = 'people' and waiting_since is not null;
