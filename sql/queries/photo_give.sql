-- Gives an alert the photo that the police sent ($2), in the place of every other one; the page shows none until it is made.
with wished as (
    select wish_photo($1, null, $2)
)
update page set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0
from wished where page.alert_id = $1;
