-- Takes over what users of one shard prefer, in one step. The newer one stays, whichever comes first; what was set
-- before a user was forgotten is not brought back.
-- KEYS: preferences; forgotten users
-- ARGV: for each user: the id; since when (us, by the record's clock); the preferences, empty to remove what is known
-- Returns how many were refused because the user was forgotten since.
-- An entry is the time in digits, a blank, and the preferences.
local refused = 0
for i = 1, #ARGV, 3 do
    local user, at = ARGV[i], tonumber(ARGV[i + 1])
    local known = redis.call('HGET', KEYS[1], user)
    local known_at = known and tonumber(string.match(known, '^%d+')) or 0
    local gone_at = tonumber(redis.call('ZMSCORE', KEYS[2], user)[1] or 0) or 0
    -- A moment later than this one by more than clocks differ (10 minutes) is nobody's of us.
    local latest = at + 600000000
    if gone_at * 1000 >= at and gone_at * 1000 <= latest then
        refused = refused + 1
    elseif known_at <= at or known_at > latest then
        if ARGV[i + 2] == '' then
            redis.call('HDEL', KEYS[1], user)
        else
            redis.call('HSET', KEYS[1], user, ARGV[i + 1] .. ' ' .. ARGV[i + 2])
        end
    end
end
return refused
