delete from ledger
where alert_id = '00000000-0000-0000-0000-000000000000' and batch_id = $1;
