-- What the language model has used on a day, in the shop's zone. Tokens are reserved before a call and settled after it.
create table model_use (
    day date primary key,
    requests int not null default 0,
    failed int not null default 0,
    refused int not null default 0,
    prompt_tokens bigint not null default 0,
    answer_tokens bigint not null default 0,
    reserved_tokens bigint not null default 0 check (reserved_tokens >= 0)
);
