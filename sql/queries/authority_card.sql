-- Says whether share cards of an authority's alerts show who is missing ($2; null: as the platform has it), and has its
-- pages made anew: a card that is shared from then on is another one.
with said as (
    update authority set card_shows_child = $2 where id = $1 returning id
), paged as (
    update page set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0
    from said, child_case c, alert a
    where c.authority_id = said.id and a.case_id = c.id and page.alert_id = a.id
      and a.state in ('sending', 'sent', 'paused')
)
select id from said;
