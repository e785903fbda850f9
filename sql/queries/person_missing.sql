-- Names of tokens that belong to no person yet: those of servers that did not know persons.
select distinct name from bearer_token where person_id is null order by name limit $1;
