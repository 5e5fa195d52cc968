"""The statements of the writer of products (writing.py). Each takes a whole batch and tells whose rows it changed."""

from typing import Final

INSERT_PRODUCTS: Final = """
insert into product (id, external_id, kind, brand, vat_class, status, picture_id, created_at, updated_at)
select id, external_id, coalesce(kind, 'goods'), coalesce(brand, ''), coalesce(vat_class, 'standard'),
       coalesce(status, 'active'), picture_id, $8, $8
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[])
    as given (id, external_id, kind, brand, vat_class, status, picture_id)
"""

UPDATE_PRODUCTS: Final = """
with given as (
    select p.id, coalesce(g.kind, p.kind) as kind, coalesce(g.brand, p.brand) as brand,
           coalesce(g.vat_class, p.vat_class) as vat_class, coalesce(g.status, p.status) as status,
           case when g.keep_picture then p.picture_id else g.picture_id end as picture_id
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::bool[])
        as g (id, kind, brand, vat_class, status, picture_id, keep_picture)
    join product p using (id)
)
update product p
set kind = g.kind, brand = g.brand, vat_class = g.vat_class, status = g.status, picture_id = g.picture_id
from given g
where p.id = g.id
  and (p.kind, p.brand, p.vat_class, p.status, p.picture_id)
      is distinct from (g.kind, g.brand, g.vat_class, g.status, g.picture_id)
returning p.id as product_id
"""

WRITE_TEXTS: Final = """
insert into product_text as t (product_id, language, name, slug, summary, description)
select g.product_id, g.language, coalesce(g.name, old.name), g.slug, coalesce(g.summary, old.summary, ''),
       coalesce(g.description, old.description, '')
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    as g (product_id, language, name, slug, summary, description)
left join product_text old using (product_id, language)
on conflict (product_id, language) do update
set name = excluded.name, slug = excluded.slug, summary = excluded.summary, description = excluded.description
where (t.name, t.slug, t.summary, t.description)
    is distinct from (excluded.name, excluded.slug, excluded.summary, excluded.description)
returning product_id
"""

WRITE_CATEGORIES: Final = """
with wanted as (select * from unnest($2::uuid[], $3::uuid[]) as w (product_id, category_id)),
gone as (
    delete from product_category pc
    where pc.product_id = any($1::uuid[])
      and not exists (select from wanted w where (w.product_id, w.category_id) = (pc.product_id, pc.category_id))
    returning pc.product_id
), added as (
    insert into product_category (product_id, category_id)
    select distinct product_id, category_id from wanted
    on conflict do nothing
    returning product_id
)
select product_id from gone union select product_id from added
"""

# Of these products: the codes of their categories and of all above them.
SET_CATEGORY_CODES: Final = """
with recursive within as (
    select pc.product_id, pc.category_id from product_category pc where pc.product_id = any($1::uuid[])
    union
    select w.product_id, c.parent_id from within w join category c on c.id = w.category_id where c.parent_id is not null
), found as (
    select given.id,
           array(select c.code from within w join category c on c.id = w.category_id
                 where w.product_id = given.id order by c.code) as codes
    from unnest($1::uuid[]) as given (id)
)
update product p set category_codes = f.codes from found f where f.id = p.id and p.category_codes <> f.codes
"""

WRITE_ATTRIBUTES: Final = """
with wanted as (
    select * from unnest($2::uuid[], $3::text[], $4::int[], $5::jsonb[]) as w (product_id, code, position, value)
), gone as (
    delete from product_attribute a
    where a.product_id = any($1::uuid[])
      and not exists (select from wanted w where (w.product_id, w.code) = (a.product_id, a.code))
    returning a.product_id
), written as (
    insert into product_attribute as a (product_id, code, position, value)
    select product_id, code, position, value from wanted
    on conflict (product_id, code) do update set position = excluded.position, value = excluded.value
    where (a.position, a.value) is distinct from (excluded.position, excluded.value)
    returning a.product_id
)
select product_id from gone union select product_id from written
"""

INSERT_VARIANTS: Final = """
insert into variant (id, product_id, sku, barcode, position, names, weight_g, stocked)
select g.id, g.product_id, g.sku, nullif(g.barcode, ''),
       g.position + coalesce((select max(v.position) + 1 from variant v where v.product_id = g.product_id), 0),
       g.names, coalesce(g.weight_g, 0), p.kind <> 'service'
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::int[])
    as g (id, product_id, sku, barcode, position, names, weight_g)
join product p on p.id = g.product_id
returning product_id
"""

UPDATE_VARIANTS: Final = """
with given as (
    select v.id, case when g.barcode = '' then null else coalesce(g.barcode, v.barcode) end as barcode,
           case when g.placed then g.position else v.position end as position,
           v.names || g.names as names, coalesce(g.weight_g, v.weight_g) as weight_g, p.kind <> 'service' as stocked
    from unnest($1::uuid[], $2::text[], $3::int[], $4::bool[], $5::jsonb[], $6::int[])
        as g (id, barcode, position, placed, names, weight_g)
    join variant v using (id)
    join product p on p.id = v.product_id
)
update variant v
set barcode = g.barcode, position = g.position, names = g.names, weight_g = g.weight_g, stocked = g.stocked,
    status = 'active'
from given g
where v.id = g.id
  and (v.barcode, v.position, v.names, v.weight_g, v.stocked, v.status)
      is distinct from (g.barcode, g.position, g.names, g.weight_g, g.stocked, 'active')
returning v.product_id
"""

ARCHIVE_OTHER_VARIANTS: Final = """
update variant v set status = 'archived'
where v.product_id = any($1::uuid[]) and v.status = 'active' and not v.id = any($2::uuid[])
returning v.product_id
"""

WRITE_PRICES: Final = """
with given as (
    select g.variant_id, g.currency, g.amount, p.amount as before
    from unnest($1::uuid[], $2::text[], $3::bigint[]) as g (variant_id, currency, amount)
    left join price p using (variant_id, currency)
    where p.amount is distinct from g.amount
), written as (
    insert into price as p (variant_id, currency, amount)
    select variant_id, currency, amount from given order by variant_id, currency
    on conflict (variant_id, currency) do update set amount = excluded.amount
)
select v.product_id, g.variant_id, g.currency, g.before, g.amount
from given g join variant v on v.id = g.variant_id
"""
