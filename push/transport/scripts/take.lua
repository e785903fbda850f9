-- Takes recipients out of a quota that all processes share: one step, so that together they keep it.
-- KEYS: the quota: until when what was taken is paid for (at), since when there has been no pause (since), the time then (seen), in us
-- ARGV: recipients; recipients a second; how much may be made up for (us); for how long a fresh start grows (us);
--       after which pause it is a fresh start (us); how far ahead may be taken (us)
--       for how long a provider may hold it (us)
-- Returns after how many us they may be sent, whether they were taken (1) or are to be asked for again (0), and 1 where
-- the quota was none of ours.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wanted, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local burst, growing, pause, ahead = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local held = tonumber(ARGV[7])
local unreadable = 0
local known = redis.pcall('HMGET', KEYS[1], 'at', 'since', 'seen')
if known.err then
    -- Of another type: what is written below takes its place.
    redis.call('DEL', KEYS[1])
    known, unreadable = {}, 1
end
local function number(field, otherwise)
    local read = tonumber(known[field] or otherwise)
    if read and read == read and math.abs(read) < 9007199254740992 then
        return read
    end
    unreadable = 1
    return otherwise
end
local at, since, seen = number(1, 0), number(2, now), number(3, now)
-- A clock that was set back holds back nobody: what was kept by the old time is kept by the new one.
local back = math.max(0, seen - now)
at, since = at - back, since - back
-- Nobody of us takes or holds it for longer than that, at a twentieth of the rate at worst, and no start lies ahead.
if math.max(at, since) > now + 86400000000 then
    unreadable = 1
end
at = math.min(at, now + held + ahead + wanted * 20000000 / rate)
since = math.min(since, now)
if unreadable == 1 then
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', at), 'since', string.format('%.0f', since),
               'seen', string.format('%.0f', now))
end
if now - at > pause then
    since = now
end
if growing > 0 then
    rate = rate * math.max(0.05, math.min(1, (now - since) / growing))
    burst = 0
end
local start = math.max(at, now - burst)
local wait = math.max(0, start - now)
if wait > ahead then
    return {wait, 0, unreadable}
end
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', start + wanted * 1000000 / rate), 'since', string.format('%.0f', since),
           'seen', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((start - now + wanted * 1000000 / rate + pause) / 1000) + 1000)
return {wait, 1, unreadable}
