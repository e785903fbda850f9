select outcome, through_alert, after_action::text as after_action from alert where id = $1;
