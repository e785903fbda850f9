-- A row of no alert: whether the ledger takes one is known only by writing one.
insert into ledger (alert_id, notice, shard_from, shard_to, batch_id, outcome, lane, unit_id, recipients, packed,
                    message_version)
values ('00000000-0000-0000-0000-000000000000', 'alert', 0, 1, $1, 'failed', '', 0, 1, repeat('x', 1000)::bytea, 1);
