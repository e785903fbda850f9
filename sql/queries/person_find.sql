-- The person with this name, or else whose name looks like it.
select id, name, folded from person where folded = $1 or skeleton = $2 order by folded = $1 desc, id limit 1;
