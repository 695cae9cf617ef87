// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "chaos/history.hpp"

#include "chaos/append_only_file.hpp"
#include "support/doctest.hpp"
#include "support/temporary_folder.hpp"

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void ask(chaos::history& told, const std::string& id) {
  told.add({"XADD", "{cp:q}:req", "1-1", "id", id, "to", "{cp:q}:rep:g", "p", "payload"});
}

void reply(chaos::history& told, const std::string& id) {
  told.add({"XADD", "{cp:q}:rep:g", "MAXLEN", "=", "9", "2-1", "id", id, "r", "result"});
}

}  // namespace

TEST_CASE("a request without a reply, and a reply too many, are noticed") {
  chaos::history told{"q"};
  ask(told, "a");
  ask(told, "b");
  told.add({"XADD", "{cp:other}:req", "1-1", "id", "c"});
  told.add({"SET", "{cp:q}:done:a", "1"});
  CHECK(told.requests() == 2);
  CHECK(told.unanswered() == 2);
  reply(told, "a");
  reply(told, "b");
  CHECK(told.unanswered() == 0);
  CHECK(told.repeated() == 0);
  reply(told, "a");
  CHECK(told.repeated() == 1);
}

TEST_CASE(
    "what is taken out of the queue before a worker finishes it needs no reply; what a worker finishes "
    "does") {
  chaos::history told{"q"};
  for (const std::string id : {"a", "b", "c"})
    told.add({"XADD", "{cp:q}:req", id + "-1", "id", id, "to", "{cp:q}:rep:g", "p", "payload"});
  told.add({"XDEL", "{cp:q}:req", "a-1", "b-1"});
  CHECK(told.withdrawn() == 2);
  CHECK(told.unanswered() == 1);
  reply(told, "b");  // a worker had it already
  CHECK(told.withdrawn() == 1);
  told.add({"XACK", "{cp:q}:req", "w", "c-1"});
  told.add({"XDEL", "{cp:q}:req", "c-1"});
  CHECK(told.withdrawn() == 1);
  CHECK(told.unanswered() == 1);
}

TEST_CASE("a reply to a request that Redis has lost is none too many") {
  chaos::history told{"q"};
  reply(told, "lost");
  CHECK(told.unanswered() == 0);
  CHECK(told.repeated() == 0);
}

TEST_CASE("commands are read from the append-only file, and a file that is cut off is refused") {
  const carpool::test::temporary_folder folder;
  const std::string name = "appendonlydir/appendonly.aof.1.incr.aof";
  folder.write("appendonlydir/appendonly.aof.1.base.rdb", "");
  CHECK_THROWS_AS(chaos::append_only_file(folder.path()), std::runtime_error);
  folder.write(name, "*2\r\n$3\r\nDEL\r\n$4\r\na\r\nb\r\n*1\r\n$4\r\nEXEC\r\n");
  std::vector<std::vector<std::string>> commands;
  const auto keep = [&](const std::vector<std::string>& command) { commands.push_back(command); };
  chaos::read_commands(chaos::append_only_file(folder.path()), keep);
  CHECK(commands == std::vector<std::vector<std::string>>{{"DEL", "a\r\nb"}, {"EXEC"}});
  for (const char* bad : {"*2\r\n$3\r\nDEL\r\n", "*1\r\n$4\r\nDE", "rubbish\r\n"}) {
    folder.write(name, bad);
    CHECK_THROWS_AS(chaos::read_commands(chaos::append_only_file(folder.path()), keep), std::runtime_error);
  }
  folder.write("appendonlydir/appendonly.aof.2.incr.aof", "");
  CHECK_THROWS_AS(chaos::append_only_file(folder.path()), std::runtime_error);
}

TEST_CASE("a file that is cut off ends behind a whole transaction") {
  const carpool::test::temporary_folder folder;
  const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n", multi = "*1\r\n$5\r\nMULTI\r\n",
                    exec = "*1\r\n$4\r\nEXEC\r\n", all = set + multi + set + exec;
  for (std::size_t bytes = 0; bytes <= all.size() + 1; ++bytes) {
    const auto file = folder.write("file", all);
    chaos::cut_off(file, bytes);
    const std::size_t left = bytes >= all.size() ? all.size() : bytes >= set.size() ? set.size() : 0;
    CHECK(std::filesystem::file_size(file) == left);
  }
}
