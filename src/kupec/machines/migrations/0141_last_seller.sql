-- Whom the machine bought from last when it asked: a rule may give points for that, and a replay must see the same.
alter table rfq add column last_seller text;
