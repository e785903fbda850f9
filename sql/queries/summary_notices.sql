select notice, version, at from notice where alert_id = $1 order by version;
