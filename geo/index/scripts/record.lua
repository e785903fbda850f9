-- Moves the users of one shard to their reported positions, out of every other lane and generation, in one step.
-- A report that is not newer than the known one changes nothing, so that a repeat is harmless.
-- KEYS: devices of the reports' generation; devices of the other one; forgotten users; users who changed lanes;
--       positions of each lane in the reports' generation; positions of each lane in the other one;
--       flag: a user is reached by account, without a token, and has a non-default locale
-- ARGV: the lane of the reports, by number; when their generation ends (ms); now (ms); how long to keep changes of
--       lanes (ms); when a generation begins of which the caller does not know (ms); the lanes; then a list of user,
--       time of the report (ms), longitude, latitude; then a list of addresses, empty when no user has one; then, only
--       where it is asked where users were before, for how long (ms) a report may be sent again because its answer was
--       lost
-- A device is six bytes of time, the lane's name, and the address after a zero byte (geo/index/devices.py).
-- Changes nothing where that generation has begun, and returns the present moment (ms) as text: another process may
-- have put the users into it. Else returns how many reports were newer; where it is asked for, instead the geohash at
-- which each user was before in the same lane: -1 where that is not known, also because the report is sent again; -2 for
-- a report that changes nothing.
local devices, other, forgotten, moved = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lane, ends, now, kept = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local present = time[1] * 1000 + math.floor(time[2] / 1000)
if present >= tonumber(ARGV[5]) then
    return string.format('%.0f', present)
end
local lanes = (#KEYS - 5) / 2
local number = {}
for i = 1, lanes do
    number[ARGV[5 + i]] = i
end
local reports = cmsgpack.unpack(ARGV[6 + lanes])
local addresses = cmsgpack.unpack(ARGV[7 + lanes])
local users = {}
for i = 1, #reports, 4 do
    users[#users + 1] = reports[i]
end

-- When a device reported, 0 where its record is cut, or names a moment that is later than now by more than clocks differ
-- (10 minutes): anybody may have written it, and it must not keep out what the user reports from now on.
local function moment(record)
    local at = #record >= 6 and struct.unpack('>I6', record) or 0
    return at <= now + 600000 and at or 0
end

local known = redis.call('HMGET', devices, unpack(users))
local missing, rows = {}, {}
for i = 1, #users do
    if not known[i] then
        missing[#missing + 1], rows[#rows + 1] = users[i], i
    end
end
local elsewhere = {}
if #missing > 0 then
    local found = redis.call('HMGET', other, unpack(missing))
    for i = 1, #missing do
        elsewhere[rows[i]] = found[i]
    end
end
local gone = {}
if redis.call('EXISTS', forgotten) == 1 then
    gone = redis.call('ZMSCORE', forgotten, unpack(users))
end

local befores, asked, rows_of = {}, {}, {}
local again = tonumber(ARGV[8 + lanes])
local places, records, old, leaving, movers = {}, {}, {}, {}, {}
local non_default = false
for i = 1, #users do
    local user, at = users[i], tonumber(reports[4 * i - 2])
    local record = known[i] or elsewhere[i]
    local newer = not record or moment(record) < at
    local is_again = again and record and moment(record) == at and now - at < again
    befores[i] = is_again and -1 or -2
    local gone_at = tonumber(gone[i] or 0) or 0
    if newer and (gone_at < at or gone_at > now + 600000) then
        places[#places + 1], places[#places + 2], places[#places + 3] = reports[4 * i - 1], reports[4 * i], user
        records[#records + 1], records[#records + 2] = user, struct.pack('>I6', at) .. ARGV[5 + lane] .. (addresses[i] or '')
        if addresses[i] and addresses[i] ~= '' and not string.find(addresses[i], '%z', 2) then
            non_default = true
        end
        befores[i] = -1
        if record then
            local before = number[string.match(record, '^[^%z]*', 7)]
            if again and before == lane then
                local key = KEYS[4 + lane + (known[i] and 0 or lanes)]
                asked[key], rows_of[key] = asked[key] or {}, rows_of[key] or {}
                table.insert(asked[key], user)
                table.insert(rows_of[key], i)
            end
            if not known[i] then
                old[#old + 1] = user
            end
            if before and (before ~= lane or not known[i]) then
                local key = KEYS[4 + before + (known[i] and 0 or lanes)]
                leaving[key] = leaving[key] or {}
                table.insert(leaving[key], user)
            end
            if before ~= lane then
                movers[#movers + 1], movers[#movers + 2] = now, user
            end
        end
    end
end
if #places == 0 then
    return again and befores or 0
end
for key, members in pairs(asked) do
    for i, score in ipairs(redis.call('ZMSCORE', key, unpack(members))) do
        local place = tonumber(score or -1) or -1
        befores[rows_of[key][i]] = place >= 0 and place < 4503599627370496 and place or -1
    end
end
-- Also where somebody took the end of a key away.
if redis.call('GEOADD', KEYS[4 + lane], unpack(places)) > 0 or redis.call('PTTL', KEYS[4 + lane]) < 0 then
    redis.call('PEXPIREAT', KEYS[4 + lane], ends)
end
if redis.call('HSET', devices, unpack(records)) > 0 or redis.call('PTTL', devices) < 0 then
    redis.call('PEXPIREAT', devices, ends)
end
for key, members in pairs(leaving) do
    redis.call('ZREM', key, unpack(members))
end
if #old > 0 then
    redis.call('HDEL', other, unpack(old))
end
if #movers > 0 then
    redis.call('ZADD', moved, unpack(movers))
    redis.call('ZREMRANGEBYSCORE', moved, '-inf', now - kept)
    redis.call('PEXPIRE', moved, kept)
end
if non_default and redis.call('PTTL', KEYS[#KEYS]) < tonumber(ends) - now then
    redis.call('SET', KEYS[#KEYS], '1', 'PX', tonumber(ends) - now)
end
return again and befores or #records / 2
