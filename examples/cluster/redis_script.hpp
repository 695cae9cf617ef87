// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include "redis_connection.hpp"
#include "redis_value.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace cluster {

/// A Lua script: Redis runs it in one piece, and nobody ever sees half of its effects.
class redis_script {
 public:
  explicit redis_script(std::string text);

  /// Runs it by its digest, or sends it where Redis does not know it (any more), in the time of one command.
  /// Keys must share a hash tag. Throws as redis_connection::run, and `late` is as there. The script must
  /// outlive the operation.
  asio::awaitable<redis_value> run(redis_connection& redis, std::vector<std::string> keys,
                                   std::vector<std::string> arguments, late_reply late = {}) const;

 private:
  std::string text_;
  std::string digest_;
};

/// Adds requests, all or none. Key: requests. Arguments: how many entries there may be, then
/// entry_numbers::next(), id, reply key and payload of each. The entries, or none if there is no room.
extern const redis_script admit_script;

/// Replies to a request, unless it has a reply, and removes its entry. Keys: requests, done:ID, and replies
/// unless nobody can be told. Arguments: group, entry, id, payload, milliseconds for which the id is
/// remembered. Whether it was the first.
extern const redis_script finish_script;

/// Likewise, and adds the entry to the dead letters. Keys: requests, done:ID, dead letters, and replies
/// unless nobody can be told. Arguments as finish_script's, then the entry's payload.
extern const redis_script reject_script;

/// Removes the replies before the last one that was read, unless that one is not there or is another one by
/// now. Key: replies. Arguments: entry and id of that reply.
extern const redis_script trim_script;

/// Removes the reply after the last one that was read, if it has more than so many bytes. Key: replies.
/// Arguments: entry of the last one, bytes. The bytes of what was removed, or 0.
extern const redis_script skip_script;

/// Takes over an entry of which nothing was heard for long enough; one of more than so many bytes becomes a
/// dead letter without its payload. Keys: requests, dead letters. Arguments: group, consumer, milliseconds,
/// entry, bytes, and the reply for such a letter. The entry and how often it has been delivered; the bytes
/// alone of one that was too large; nothing if it is somebody else's, or gone.
extern const redis_script adopt_script;

/// Removes a consumer from the group, unless something is pending for it, which would be lost with it. Key:
/// requests. Arguments: group, consumer.
extern const redis_script leave_script;

/// Removes each consumer that has got nothing for longer than so long, unless something is pending for it;
/// one that lives comes back with the next entry that it gets. Key: requests. Arguments: group, milliseconds.
extern const redis_script remove_idle_script;

}  // namespace cluster
