"""The expressions of SQL that say what may still be promised of a variant, and what it costs."""


def free(variant: str, now: str, holders: str | None = None) -> str:
    """Pieces of `variant` neither allocated nor reserved at `now` by anybody but `holders`, summed over all locations.

    The arguments are SQL: a column and the parameters. Somewhere with more promised than lies there counts as nothing.
    """
    others = f" and not r.holder = any({holders}::uuid[])" if holders else ""
    return f"""coalesce((
        select sum(greatest(0, s.on_hand - s.allocated - coalesce((
                   select sum(r.quantity)
                   from reservation r
                   where r.variant_id = s.variant_id and r.location_id = s.location_id
                     and r.expires_at > {now}{others}), 0)))::int
        from stock_level s
        where s.variant_id = {variant}), 0)"""  # noqa: S608


def buyable(variant: str, now: str) -> str:
    """Pieces of the variant with the alias `variant` that anybody may buy; null for what needs no stock.

    Of a bundle as many as its components make; none where one of them is not sold any more.
    """
    return f"""case
        when {variant}.bundle then (
            select case when coalesce(bool_and(k.status = 'active' and q.status <> 'archived'), false)
                        then min(case when k.stocked then {free("k.id", now)} / b.quantity end) else 0 end
            from bundle_item b join variant k on k.id = b.component_id join product q on q.id = k.product_id
            where b.bundle_id = {variant}.id)
        when {variant}.stocked then {free(f"{variant}.id", now)} end"""  # noqa: S608


def shown_price(base: str, *, variant: str, vat_class: str, currency: str, home: str, group: str, now: str) -> str:
    """What one piece costs a buyer of a price group (null: of none), in the same way as `unit_price`.

    Price lists without VAT have that of the `home` country added.
    """
    return f"""least({base}, (
        select min(case when l.includes_vat then i.amount
                        else round(i.amount * (10000 + (x.document #>> array['rates', {home}, {vat_class}])::int)
                                   / 10000.0)::bigint end)
        from price_list_item i
        join price_list l on l.id = i.price_list_id and l.active and l.currency = {currency}
        left join document_version x on x.kind = 'tax' and x.state = 'published'
        where i.variant_id = {variant} and i.min_quantity = 1 and (l.price_group is null or l.price_group = {group})
          and (l.valid_from is null or l.valid_from <= {now}) and (l.valid_until is null or l.valid_until > {now})))"""  # noqa: S608
