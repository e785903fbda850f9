-- Takes recipients out of a quota that all processes share: one step, so that together they keep it.
-- KEYS: the quota: until when what was taken is paid for (at), since when there has been no pause (since), the time then (seen), in us
-- ARGV: recipients; recipients a second; how much may be made up for (us); for how long a fresh start grows (us);
--       after which pause it is a fresh start (us); how far ahead may be taken (us)
-- Returns after how many us they may be sent, and whether they were taken (1) or are to be asked for again (0).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wanted, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local burst, growing, pause, ahead = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local known = redis.call('HMGET', KEYS[1], 'at', 'since', 'seen')
local at, since = tonumber(known[1]) or 0, tonumber(known[2]) or now
-- A clock that was set back holds back nobody: what was kept by the old time is kept by the new one.
local back = math.max(0, (tonumber(known[3]) or now) - now)
at, since = at - back, since - back
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
    return {wait, 0}
end
redis.call('HSET', KEYS[1], 'at', string.format('%.0f', start + wanted * 1000000 / rate), 'since', string.format('%.0f', since),
           'seen', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((start - now + wanted * 1000000 / rate + pause) / 1000) + 1000)
return {wait, 1}
