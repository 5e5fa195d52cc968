"""The statements of the writer of products (writing.py). Each takes a whole batch and tells whose rows it changed."""

from typing import Final

INSERT_PRODUCTS: Final = """
insert into product (id, external_id, kind, brand, vat_class, status, picture_id, options, lead_days,
                     service_interval_days, created_at, updated_at)
select id, external_id, coalesce(kind, 'goods'), coalesce(brand, ''), coalesce(vat_class, 'standard'),
       coalesce(status, 'active'), picture_id, coalesce(options::jsonb, '[]'), coalesce(lead_days, 0),
       nullif(interval, 0), $11, $11
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[],
            $10::uuid[])
    as given (id, external_id, kind, brand, vat_class, status, options, lead_days, interval, picture_id)
"""

UPDATE_PRODUCTS: Final = """
with given as (
    select p.id, coalesce(g.kind, p.kind) as kind, coalesce(g.brand, p.brand) as brand,
           coalesce(g.vat_class, p.vat_class) as vat_class, coalesce(g.status, p.status) as status,
           coalesce(g.options::jsonb, p.options) as options, coalesce(g.lead_days, p.lead_days) as lead_days,
           nullif(coalesce(g.interval, p.service_interval_days), 0) as interval,
           case when g.keep_picture then p.picture_id else g.picture_id end as picture_id
    from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::int[],
                $9::uuid[], $10::bool[])
        as g (id, kind, brand, vat_class, status, options, lead_days, interval, picture_id, keep_picture)
    join product p using (id)
)
update product p
set kind = g.kind, brand = g.brand, vat_class = g.vat_class, status = g.status, picture_id = g.picture_id,
    options = g.options, lead_days = g.lead_days, service_interval_days = g.interval
from given g
where p.id = g.id
  and (p.kind, p.brand, p.vat_class, p.status, p.picture_id, p.options, p.lead_days, p.service_interval_days)
      is distinct from
      (g.kind, g.brand, g.vat_class, g.status, g.picture_id, g.options, g.lead_days, g.interval)
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

# Codes that nobody has described yet are noted, so that they can be.
NOTE_ATTRIBUTES: Final = """
insert into attribute (code, position)
select code, coalesce((select max(position) + 1 from attribute), 0) + row_number() over (order by place) - 1
from (select code, min(place) as place from unnest($1::text[]) with ordinality as g (code, place) group by code) given
where not exists (select from attribute a where a.code = given.code)
on conflict do nothing
"""

WRITE_RELATIONS: Final = """
with told as (select * from unnest($1::uuid[], $2::text[]) as t (from_product, kind)),
wanted as (
    select * from unnest($3::uuid[], $4::text[], $5::uuid[], $6::int[]) as w (from_product, kind, to_product, position)
), gone as (
    delete from product_relation r using told t
    where (r.from_product, r.kind) = (t.from_product, t.kind)
      and not exists (select from wanted w
                      where (w.from_product, w.kind, w.to_product) = (r.from_product, r.kind, r.to_product))
    returning r.from_product
), written as (
    insert into product_relation as r (from_product, kind, to_product, position)
    select * from wanted
    on conflict (from_product, kind, to_product) do update set position = excluded.position
    where r.position <> excluded.position
    returning r.from_product
), forgotten as (
    delete from product_relation_wanted r using told t where (r.from_product, r.kind) = (t.from_product, t.kind)
      and not exists (
          select from unnest($7::uuid[], $8::text[], $9::text[]) as l (from_product, kind, to_external_id)
          where (l.from_product, l.kind, l.to_external_id) = (r.from_product, r.kind, r.to_external_id))
), later as (
    insert into product_relation_wanted (from_product, kind, to_external_id, position)
    select * from unnest($7::uuid[], $8::text[], $9::text[], $10::int[])
    on conflict (from_product, kind, to_external_id) do update set position = excluded.position
)
select from_product as product_id from gone union select from_product from written
"""

# Products that others have been waiting for have come in.
FULFIL_RELATIONS: Final = """
with come as (
    delete from product_relation_wanted w using product p
    where p.external_id = w.to_external_id and p.external_id = any($1::text[])
    returning w.from_product, w.kind, p.id as to_product, w.position
)
insert into product_relation (from_product, kind, to_product, position)
select * from come where from_product <> to_product
on conflict do nothing
"""

INSERT_VARIANTS: Final = """
insert into variant (id, product_id, sku, barcode, position, names, weight_g, reorder_point, stocked)
select g.id, g.product_id, g.sku, nullif(g.barcode, ''),
       g.position + coalesce((select max(v.position) + 1 from variant v where v.product_id = g.product_id), 0),
       g.names, coalesce(g.weight_g, 0), case when g.reorder_point >= 0 then g.reorder_point end, p.kind <> 'service'
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::int[], $8::int[])
    as g (id, product_id, sku, barcode, position, names, weight_g, reorder_point)
join product p on p.id = g.product_id
returning product_id
"""

UPDATE_VARIANTS: Final = """
with given as (
    select v.id, case when g.barcode = '' then null else coalesce(g.barcode, v.barcode) end as barcode,
           case when g.placed then g.position else v.position end as position,
           v.names || g.names as names, coalesce(g.weight_g, v.weight_g) as weight_g, p.kind <> 'service' as stocked,
           case when g.reorder_point is null then v.reorder_point
                when g.reorder_point >= 0 then g.reorder_point end as reorder_point
    from unnest($1::uuid[], $2::text[], $3::int[], $4::bool[], $5::jsonb[], $6::int[], $7::int[])
        as g (id, barcode, position, placed, names, weight_g, reorder_point)
    join variant v using (id)
    join product p on p.id = v.product_id
)
update variant v
set barcode = g.barcode, position = g.position, names = g.names, weight_g = g.weight_g, stocked = g.stocked,
    reorder_point = g.reorder_point, status = 'active'
from given g
where v.id = g.id
  and (v.barcode, v.position, v.names, v.weight_g, v.stocked, v.reorder_point, v.status)
      is distinct from (g.barcode, g.position, g.names, g.weight_g, g.stocked, g.reorder_point, 'active')
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
