// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_script.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <utility>

namespace cluster {
namespace {

// Redis names scripts by their SHA-1.
std::string sha1(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::string digits;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> pair{};
    std::snprintf(pair.data(), pair.size(), "%02x", digest[i]);
    digits += pair.data();
  }
  return digits;
}

redis_command command_of(const char* how, const std::string& script, const std::vector<std::string>& keys,
                         const std::vector<std::string>& arguments) {
  redis_command command{how, script, std::to_string(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// Begins scripts that reply to a request. Replies may be written when memory is full: nothing else would ever
// empty the queue again. The id is noted only when the reply is there: what a script did before one of its
// commands failed stays done.
// A stream of replies goes with its gateway: who adds to one that has been forgotten sees to it that it is
// forgotten again. It is trimmed only for a gateway that does not read, and may be trimmed, unlike requests.
const std::string reply_once = R"lua(#!lua flags=allow-oom
local first = redis.call('EXISTS', KEYS[2]) == 0
local function reply(replies)
  local heard = first and replies
  if heard then redis.call('XADD', replies, 'MAXLEN', '~', 100000, '*', 'id', ARGV[3], 'r', ARGV[4]) end
  redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[5])
  if heard and redis.call('PTTL', replies) < 0 then redis.call('PEXPIRE', replies, ARGV[5]) end
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
  redis.call('XDEL', KEYS[1], ARGV[2])
  return first and 1 or 0
end
)lua";

// Begins scripts that look at how large an entry is before anybody has to read it.
const std::string measured = R"lua(#!lua flags=allow-oom
local function size_of(entry)
  local bytes = 0
  for _, text in ipairs(entry[2]) do bytes = bytes + #text end
  return bytes
end
)lua";

}  // namespace

redis_script::redis_script(std::string text) : text_(std::move(text)), digest_(sha1(text_)) {}

asio::awaitable<redis_value> redis_script::run(redis_connection& redis, std::vector<std::string> keys,
                                               std::vector<std::string> arguments, late_reply late) const {
  const auto deadline = redis.deadline();
  redis_command short_form = command_of("EVALSHA", digest_, keys, arguments);
  try {
    redis_value reply = co_await redis.run_until(deadline, std::move(short_form), late);
    co_return reply;
  } catch (const redis_refusal& refused) {
    if (!refused.is("NOSCRIPT")) throw;
  }
  redis_command long_form = command_of("EVAL", text_, keys, arguments);
  redis_value reply = co_await redis.run_until(deadline, std::move(long_form), late);
  co_return reply;
}

// Redis would name an entry after the millisecond and how many there were in it before, and a server that
// takes another one's place without having heard of its last entries could give their names to other texts:
// these would go when who had asked for the former ones leaves, or gets a reply. So a name has the
// microsecond and the text's number, too. Redis names the entry itself only if its clock was put back.
const redis_script admit_script{R"lua(
local count = (#ARGV - 1) / 4
if redis.call('XLEN', KEYS[1]) + count > tonumber(ARGV[1]) then return {} end
local time = redis.call('TIME')
local microseconds = string.format('%06d', time[2])
local now = time[1] .. microseconds:sub(1, 3) .. '-1' .. microseconds:sub(4)
local function add(command, name, at)
  return command('XADD', KEYS[1], name, 'id', ARGV[at + 1], 'to', ARGV[at + 2], 'p', ARGV[at + 3])
end
local entries = {}
for at = 2, #ARGV, 4 do
  local added = add(redis.pcall, now .. ARGV[at], at)
  if type(added) == 'table' then added = add(redis.call, '*', at) end
  entries[#entries + 1] = added
end
return entries
)lua"};

const redis_script finish_script{reply_once + "return reply(KEYS[3])"};

// A key that is no stream is noticed before anything is written.
const redis_script reject_script{reply_once + R"lua(
if first then
  if KEYS[4] then redis.call('XLEN', KEYS[4]) end
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'id', ARGV[3], 'p', ARGV[6], 'r', ARGV[4])
end
return reply(KEYS[4])
)lua"};

const redis_script trim_script{R"lua(#!lua flags=allow-oom
local last = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
for at = 1, last and #last[2] or 0, 2 do
  if last[2][at] == 'id' and last[2][at + 1] == ARGV[2] then
    redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1])
  end
end
)lua"};

const redis_script skip_script{measured + R"lua(
local first = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', 1)[1]
local size = first and size_of(first) or 0
if size <= tonumber(ARGV[2]) then return 0 end
redis.call('XDEL', KEYS[1], first[1])
return size
)lua"};

const redis_script adopt_script{measured + R"lua(
local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if #claimed == 0 then return {} end
local size = size_of(claimed[1])
if size > tonumber(ARGV[5]) then
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', 'entry-' .. ARGV[4], 'p', '', 'r', ARGV[6])
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[4])
  redis.call('XDEL', KEYS[1], ARGV[4])
  return {size}
end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[4], ARGV[4], 1)
return {claimed[1], pending[1][4]}
)lua"};

const redis_script leave_script{R"lua(#!lua flags=allow-oom
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
)lua"};

const redis_script remove_idle_script{R"lua(#!lua flags=allow-oom
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return 0 end
local removed = 0
for _, consumer in ipairs(consumers) do
  local facts = {}
  for at = 1, #consumer, 2 do facts[consumer[at]] = consumer[at + 1] end
  if facts.pending == 0 and facts.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], facts.name)
    removed = removed + 1
  end
end
return removed
)lua"};

}  // namespace cluster
