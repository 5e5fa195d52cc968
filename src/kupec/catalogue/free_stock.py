"""The one expression of SQL that says what may still be promised of a variant."""


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
