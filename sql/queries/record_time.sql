-- What the record decides, it decides by this clock, not by that of a server.
select clock_timestamp();
