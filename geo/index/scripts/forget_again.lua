-- Removes users of one shard who were forgotten once and stand here all the same, because Redis went back to an older
-- state; who has reported since is left alone.
-- KEYS: devices of both generations; positions of each lane, the older generation first; preferences
-- ARGV: when a generation begins of which the caller does not know (ms); now by the clock of the record, by which reports
--       are kept (ms); for each user: the id, when they were forgotten (ms)
-- Changes nothing where that generation has begun, and returns the present moment (ms) as text. Else returns how many
-- were removed.
local time = redis.call('TIME')
local present = time[1] * 1000 + math.floor(time[2] / 1000)
if present >= tonumber(ARGV[1]) then
    return string.format('%.0f', present)
end
-- A record that is cut, or of a moment later than now by more than clocks differ (10 minutes), is no report. The clock of
-- Redis may be far behind that of the record: by it what was reported a moment ago would be none.
local latest = math.max(present, tonumber(ARGV[2])) + 600000
local removed = 0
for i = 3, #ARGV, 2 do
    local user, at, last = ARGV[i], tonumber(ARGV[i + 1]), 0
    for generation = 1, 2 do
        local record = redis.call('HGET', KEYS[generation], user)
        local reported = record and #record >= 6 and struct.unpack('>I6', record) or 0
        if reported <= latest then
            last = math.max(last, reported)
        end
    end
    if last <= at then
        local known = redis.call('HDEL', KEYS[1], user) + redis.call('HDEL', KEYS[2], user)
        for row = 3, #KEYS - 1 do
            known = known + redis.call('ZREM', KEYS[row], user)
        end
        removed = removed + math.min(known, 1)
    end
    -- What they prefer since is kept (geo/index/scripts/preferences_put.lua has its form).
    local preferred = redis.call('HGET', KEYS[#KEYS], user)
    if preferred and (tonumber(string.match(preferred, '^%d+')) or 0) <= at * 1000 then
        redis.call('HDEL', KEYS[#KEYS], user)
    end
end
return removed
