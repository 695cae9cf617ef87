// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0

#include "redis_connection.hpp"

#include "queue_keys.hpp"
#include "redis_redirection.hpp"
#include "redis_tree.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/redis/adapter/any_adapter.hpp>
#include <boost/redis/connection.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace cluster {
namespace {

namespace redis = boost::redis;

redis::config configuration(const redis_settings& given) {
  redis::config config;
  config.addr = {given.host, given.port};
  config.unix_socket = given.unix_socket;
  config.use_ssl = given.tls;
  config.username = given.user;
  config.password = given.password();
  config.clientname = "carpool";
  config.reconnect_wait_interval = given.reconnect_pause;
  config.connect_timeout = config.resolve_timeout = config.ssl_handshake_timeout = 2 * given.command_time;
  config.health_check_interval = 2 * given.command_time;
  config.max_read_size = given.max_reply;
  return config;
}

// Redis does not say which key it is that has the wrong type, or that a user may not touch.
std::string with_keys(std::string refusal, const redis_command& command) {
  if (!refusal.starts_with("WRONGTYPE ") && !refusal.starts_with("NOPERM ")) return refusal;
  std::string keys;
  for (const std::string& each : command)
    if (is_key_of_a_queue(each)) keys += ' ' + each;
  return keys.empty() ? refusal : refusal + " (keys:" + keys + ')';
}

asio::ssl::context tls_context(const redis_settings& given) {
  asio::ssl::context tls{asio::ssl::context::tls_client};
  if (!given.tls) return tls;
  boost::system::error_code failed;
  if (given.tls_ca.empty())
    tls.set_default_verify_paths(failed);
  else
    tls.load_verify_file(given.tls_ca, failed);
  if (failed)
    throw std::runtime_error("--redis-tls-ca: cannot use " + given.tls_ca + ": " + failed.message());
  tls.set_verify_mode(asio::ssl::verify_peer);
  tls.set_verify_callback(asio::ssl::host_name_verification(given.host));
  return tls;
}

// What goes wrong with a connection is for operators; what goes well is not. Why one cannot be made, which
// Boost.Redis only says in passing, is kept for those who get no answer: a wrong password, for one.
redis::logger to_log(std::string& why_not_connected) {
  return {redis::logger::level::info, [&](redis::logger::level level, std::string_view line) {
            if (level < redis::logger::level::info) spdlog::warn("Redis: {}", line);
            if (line.starts_with("Error ") || line.starts_with("Failed ")) why_not_connected = line;
            if (line.starts_with("Setup ")) why_not_connected = line.ends_with(": success") ? "" : line;
          }};
}

// States in which another server, or this one later, could answer. The last two come while a cluster moves
// what is asked for to another server.
bool passes_by_itself(std::string_view error) {
  constexpr std::array<std::string_view, 10> codes{"LOADING ",   "READONLY ", "MASTERDOWN ", "CLUSTERDOWN ",
                                                   "UNBLOCKED ", "BUSY ",     "MISCONF ",    "NOREPLICAS ",
                                                   "TRYAGAIN ",  "ASK "};
  for (const auto code : codes)
    if (error.starts_with(code)) return true;
  return false;
}

// A connection to one server. It ends when nobody has it any more.
class link {
 public:
  link(const asio::any_io_executor& executor, const redis_settings& settings)
      : settings_(settings), open_(std::make_shared<open>(executor, settings)) {
    open_->connection.async_run(open_->config, [keep = open_](boost::system::error_code) {});
  }
  ~link() { cancel(); }
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  void cancel() { open_->connection.cancel(); }
  const redis_settings& settings() const { return settings_; }
  redis::connection& connection() { return open_->connection; }

  /// Whether the server did not let this program in: for its password, for one.
  bool turned_away() const { return open_->why_not_connected.starts_with("Setup "); }

  /// Why there was no answer.
  std::string trouble(const boost::system::error_code& failed) const {
    if (!open_->why_not_connected.empty()) return open_->why_not_connected;
    return failed == asio::error::operation_aborted ? "the connection has ended" : failed.message();
  }

 private:
  struct open {
    open(const asio::any_io_executor& executor, const redis_settings& settings)
        : config(configuration(settings)),
          connection(executor, tls_context(settings), to_log(why_not_connected)) {}

    redis::config config;
    std::string why_not_connected;
    redis::connection connection;
  };

  redis_settings settings_;
  std::shared_ptr<open> open_;
};

// A command that a server is asked, which may outlive the wait for its reply.
struct exchange {
  exchange(const asio::any_io_executor& executor, const redis_command& command) : wait(executor) {
    if (command.size() > 1)
      request.push_range(command.front(), command.begin() + 1, command.end());
    else
      request.push(command.front());  // an empty range would make no request
  }

  redis::request request;
  redis_tree tree;
  std::optional<boost::system::error_code> ended;
  bool given_up = false;
  asio::steady_timer wait;  // for the reply; cancelled when it has ended
  asio::cancellation_signal stop;
};

// Returns why there is no reply by the deadline. What the server may have received then goes on, if anybody
// wants to hear of its reply; what it has not received ends there.
asio::awaitable<boost::system::error_code> exec(std::shared_ptr<link> to, std::shared_ptr<exchange> mine,
                                                carpool::time_point deadline, late_reply late) {
  const auto ended = [to, mine, late](boost::system::error_code failed, std::size_t) {
    mine->ended = failed;
    mine->wait.cancel();
    if (!mine->given_up || failed || !late) return;
    redis_value reply = mine->tree.release();
    if (reply.what != redis_value::kind::error) late(std::move(reply));
  };
  mine->wait.expires_at(deadline);
  to->connection().async_exec(mine->request, redis::any_adapter::impl_t(std::ref(mine->tree)),
                              asio::bind_cancellation_slot(mine->stop.slot(), ended));
  co_await mine->wait.async_wait(asio::as_tuple(asio::use_awaitable));
  if (mine->ended) co_return *mine->ended;
  mine->given_up = true;
  mine->stop.emit(late ? asio::cancellation_type::total : asio::cancellation_type::terminal);
  co_return asio::error::timed_out;
}

// A key has one server, but it may just be moving, and a server may not know yet.
constexpr int most_redirections = 4;

}  // namespace

// In a Redis Cluster the server at the given address sends whoever asks for something else's keys to the
// server that has them.
class redis_connection::implementation {
 public:
  implementation(const asio::any_io_executor& executor, const redis_settings& settings)
      : executor_(executor), settings_(settings), current_(std::make_shared<link>(executor, settings)) {}

  const asio::any_io_executor& executor() const { return executor_; }
  std::chrono::milliseconds command_time() const { return settings_.command_time; }
  std::shared_ptr<link> current() const { return current_; }
  bool closed() const { return closed_; }

  /// What is under way on the old connection still ends there. Throws redis_unavailable.
  void follow(const std::shared_ptr<link>& from, const redis_settings& to) {
    if (from != current_) return;  // somebody was quicker
    current_ = connect(to);
    redirected_ = true;
  }

  /// That server may be gone for good: the one at the given address will know who has taken its place. Or the
  /// password has changed. Throws redis_unavailable.
  void give_up(const std::shared_ptr<link>& lost) {
    // Else the connection to the given address is already made anew.
    if (redirected_ || lost->turned_away()) begin_anew(lost);
  }

  /// That server answers, but not what is asked. Throws redis_unavailable.
  void begin_anew(const std::shared_ptr<link>& left) {
    if (left != current_) return;
    current_ = connect(settings_);
    redirected_ = false;
  }

  void close() {
    closed_ = true;
    redirected_ = false;
    current_->cancel();
  }

 private:
  // The file with the authorities was there at the start, but may not be any more.
  std::shared_ptr<link> connect(const redis_settings& to) const {
    try {
      return std::make_shared<link>(executor_, to);
    } catch (const std::runtime_error& error) {
      throw redis_unavailable(error.what());
    }
  }

  asio::any_io_executor executor_;
  redis_settings settings_;
  std::shared_ptr<link> current_;
  bool redirected_ = false;
  bool closed_ = false;
};

redis_connection::redis_connection(const asio::any_io_executor& executor, const redis_settings& settings)
    : self_(std::make_shared<implementation>(executor, settings)) {}

redis_connection::~redis_connection() { self_->close(); }

carpool::time_point redis_connection::deadline(std::chrono::milliseconds on_server) const {
  return std::chrono::steady_clock::now() + self_->command_time() + on_server;
}

asio::awaitable<redis_value> redis_connection::run(redis_command command, std::chrono::milliseconds on_server,
                                                   late_reply late) {
  return run_until(deadline(on_server), std::move(command), std::move(late));
}

asio::awaitable<redis_value> redis_connection::run_until(carpool::time_point deadline, redis_command command,
                                                         late_reply late) {
  const auto self = self_;
  if (late)
    late = [self, tell = std::move(late)](redis_value reply) {
      if (!self->closed()) tell(std::move(reply));
    };
  for (int redirections = 0;; ++redirections) {
    const auto to = self->current();
    const auto mine = std::make_shared<exchange>(self->executor(), command);
    const auto failed = co_await exec(to, mine, deadline, late);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (failed && state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (failed) {
      self->give_up(to);
      throw redis_unavailable("Redis did not answer " + command.front() + ": " + to->trouble(failed));
    }
    redis_value reply = mine->tree.release();
    if (reply.what != redis_value::kind::error) co_return reply;
    const auto elsewhere = redirection(to->settings(), reply.text);
    if (elsewhere && redirections < most_redirections) {
      self->follow(to, *elsewhere);
      continue;
    }
    // It does not hear the other servers, which may do without it for long while programs still reach it.
    if (reply.text.starts_with("CLUSTERDOWN ")) self->begin_anew(to);
    if (elsewhere || passes_by_itself(reply.text))
      throw redis_unavailable("Redis cannot work now: " + reply.text);
    throw redis_refusal(with_keys(std::move(reply.text), command));
  }
}

}  // namespace cluster
