-- What was decided long ago is found when it is to be forgotten.
create index rfq_decided on rfq (deadline) where state in ('awarded', 'failed');
