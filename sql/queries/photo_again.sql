-- Has the photo of a wish ($2) tried again after $3; `fault`: what it met. Not $5: the attempt says nothing about the photo,
-- and does not count. That a photo was lost stays known until there is one.
update case_photo
set try_at = clock_timestamp() + $3::interval, fault = case when fault = 'lost' then fault else $4 end,
    attempts = case when $5 then attempts else greatest(attempts - 1, 0) end
where alert_id = $1 and wish = $2 and state = 'wanted';
