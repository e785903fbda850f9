-- The issuer did not answer; $2: what it is asked with from now on.
update browser_session set checking_at = null, grant_sealed = $2 where id = $1;
