-- Whether a cart is in the hands of a machine's owner is asked whenever a platform wants to change or pay it.
create index purchase_cart on purchase (cart_id) where state in ('claimed', 'asked');
