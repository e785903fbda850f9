-- Takes one request out of an allowance that all processes share: one step, so that together they keep it.
-- KEYS: the allowance: until when what was taken is paid for, in us by the clock of Redis
-- ARGV: what one request costs (us); how many may come at once
-- Returns 0 when it was taken, or after how many us there is one again; and 1 where the allowance was none of ours.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.pcall('GET', KEYS[1])
local written = type(known) == 'string' and tonumber(known) or nil
-- Of another type, no number, or of a time far from now: what is written below takes its place.
local unreadable = known and not (written and math.abs(written - now) < 86400000000) and 1 or 0
if unreadable == 1 or not written or written > now + burst * cost then
    -- More than a burst ahead is only the time before the clock was set back: as if nothing had been taken.
    written = 0
end
local paid = math.max(now, written)
local wait = paid - now - (burst - 1) * cost
if wait > 0 then
    return {math.ceil(wait), unreadable}
end
paid = paid + cost
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.max(1, math.ceil((paid - now) / 1000)))
return {0, unreadable}
