-- migrate:up
-- What is proposed has the name by which it is asked for.
alter table proposal drop constraint proposal_action_check;
update proposal set action = case action when 'widen' then 'rings' when 'extend' then 'extension' else action end,
    wish = jsonb_set(wish, '{type}', case wish ->> 'type' when 'widen' then '"rings"' when 'extend' then '"extension"'
                                         else wish -> 'type' end);
alter table proposal add constraint proposal_action_check check (action in ('update', 'rings', 'extension'));

-- migrate:down
alter table proposal drop constraint proposal_action_check;
update proposal set action = case action when 'rings' then 'widen' when 'extension' then 'extend' else action end,
    wish = jsonb_set(wish, '{type}', case wish ->> 'type' when 'rings' then '"widen"' when 'extension' then '"extend"'
                                         else wish -> 'type' end);
alter table proposal add constraint proposal_action_check check (action in ('update', 'widen', 'extend'));
