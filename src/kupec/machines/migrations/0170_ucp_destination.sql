-- What a platform calls the destination of its session; a session without a row has been told no name for it.
create table ucp_destination (
    cart_id uuid primary key references cart on delete cascade,
    name    text not null
);
