-- What a session holds by its machine's owner's word, and its platform has not told: not shown before it is bought.
create table ucp_of_owner (
    cart_id uuid primary key references cart on delete cascade,
    fields  text[] not null
);
