-- What every process said of its lanes within $1, and how long ago.
select process, lane, content, now() - least(at, now()) as age from lane_report
where at > now() - $1::interval order by lane, process limit $2;
