-- How many wait before a ticket, and the version for which it is true; nothing unless the index is whole and recent enough.
-- KEYS: meta, queue. ARGV: epoch, ticket, at least this version.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'count')
local version = tonumber(meta[2])
if meta[1] ~= ARGV[1] or not version or version < tonumber(ARGV[3]) then
  return false
end
if redis.call('ZCARD', KEYS[2]) ~= tonumber(meta[3]) then
  return false
end
local before = redis.call('ZRANK', KEYS[2], ARGV[2])
if not before then
  return false
end
return { version, before }
