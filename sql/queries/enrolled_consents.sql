select count(*) as enrolled, count(*) - count(consented_at) as without_consent, min(consented_at) as first,
       max(consented_at) as last
from enrolled;
