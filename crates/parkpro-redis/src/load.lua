-- Puts a staged queue in the place of the one that is there, unless that is newer or the staged one is not whole.
-- KEYS: meta, queue, staging. ARGV: epoch, version, count.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'version')
local version = tonumber(meta[2])
if meta[1] == ARGV[1] and version and version > tonumber(ARGV[2]) then
  redis.call('UNLINK', KEYS[3])
  return 'stale'
end
local count = tonumber(ARGV[3])
if redis.call('ZCARD', KEYS[3]) ~= count then
  redis.call('UNLINK', KEYS[3])
  return 'torn'
end

redis.call('UNLINK', KEYS[1], KEYS[2])
-- Nobody waits: there is no staging key to rename, and no queue to be had.
if count > 0 then
  redis.call('RENAME', KEYS[3], KEYS[2])
  -- The expiry of the staging key came along.
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[2], 'count', ARGV[3])
return 'loaded'
