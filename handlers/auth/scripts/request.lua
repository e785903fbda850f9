-- Takes one request out of an allowance that all processes share: one step, so that together they keep it.
-- KEYS: the allowance: until when what was taken is paid for, in us by the clock of Redis
-- ARGV: what one request costs (us); how many may come at once
-- Returns 0 when it was taken, or after how many us there is one again; and 1 where the allowance was none of ours.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.pcall('GET', KEYS[1])
-- Of another type, or no number: as if there were none, and what is written below takes its place.
local written = type(known) == 'string' and tonumber(known) or nil
local unreadable = known and (not written or written ~= written) and 1 or 0
-- More than a burst ahead is only the time before the clock was set back, or was never written by us.
local paid = math.min(now + burst * cost, math.max(now, unreadable == 0 and written or 0))
local wait = paid - now - (burst - 1) * cost
if wait > 0 then
    return {math.ceil(wait), unreadable}
end
paid = paid + cost
redis.call('SET', KEYS[1], string.format('%.0f', paid), 'PX', math.max(1, math.ceil((paid - now) / 1000)))
return {0, unreadable}
