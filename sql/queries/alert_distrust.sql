-- An alert that waits gets another revision: who approved it before believed who filed it.
update alert set distrusted_at = now(), revision = revision + case when state in ('in_review', 'scheduled') then 1 else 0 end
where id = $1;
