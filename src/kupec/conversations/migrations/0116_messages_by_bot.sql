-- How many answers the bot gave in a week is counted without reading every message there ever was.
create index message_by_bot on message (created_at) where kind = 'outgoing' and author = 'bot';
