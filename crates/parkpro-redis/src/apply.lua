-- Follows one turn of a lot, if the index is exactly where the turn began.
-- KEYS: meta, queue. ARGV: epoch, from, to, count after, how many left, who left …, then turn and ticket of who joined …
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'version', 'count')
local version, count = tonumber(meta[2]), tonumber(meta[3])
if meta[1] ~= ARGV[1] or not version then
  return 'rebuild'
end
if version >= tonumber(ARGV[3]) then
  return 'stale'
end
if version ~= tonumber(ARGV[2]) or redis.call('ZCARD', KEYS[2]) ~= count then
  return 'rebuild'
end

-- No meta while the queue changes: an error midway leaves an index that cannot tell, never one that is wrong.
redis.call('DEL', KEYS[1])
local joined = 6 + tonumber(ARGV[5])
for at = 6, joined - 1 do
  redis.call('ZREM', KEYS[2], ARGV[at])
end
for at = joined, #ARGV, 2 do
  redis.call('ZADD', KEYS[2], ARGV[at], ARGV[at + 1])
end
if redis.call('ZCARD', KEYS[2]) ~= tonumber(ARGV[4]) then
  return 'rebuild'
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'version', ARGV[3], 'count', ARGV[4])
return 'applied'
