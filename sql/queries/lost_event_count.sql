-- How many events are noted as lost.
select count(*) from lost_event;
