update alert set unverified_messages_seen = unverified_messages where id = $1;
