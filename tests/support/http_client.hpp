// Copyright (c) 2026 The carpool authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace carpool::test {

/// One answer of an HTTP server, as it came.
struct http_answer {
  int status = 0;
  std::string header;  ///< with the status line, field names in lower case
  std::string body;

  /// The value of a field, given in lower case; empty when absent.
  std::string field(const std::string& name) const {
    const auto at = header.find("\r\n" + name + ": ");
    if (at == header.npos) return "";
    const auto start = at + name.size() + 4;
    return header.substr(start, header.find("\r\n", start) - start);
  }
};

/// A client that sends whatever bytes a test wants. Blocking; gives up after half a minute of silence.
class http_client {
 public:
  /// Over TCP, to this port of the loopback address.
  explicit http_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connect(address);
  }
  /// Over a Unix socket.
  explicit http_client(const std::filesystem::path& file)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    file.string().copy(address.sun_path, sizeof address.sun_path - 1);
    connect(address);
  }
  http_client(http_client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  http_client& operator=(http_client&&) = delete;
  virtual ~http_client() { close(); }

  /// Stops early if the server has closed the connection; its answer may be there already.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = write_some(bytes);
      if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return;
      if (sent < 0) throw std::system_error(errno, std::generic_category(), "send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// One byte per segment.
  void dribble(std::string_view bytes) {
    for (const char byte : bytes) send({&byte, 1});
  }

  /// The next answer. Throws std::runtime_error if there is none. Answers to HEAD have no body.
  http_answer receive(bool to_head = false) {
    while (received_.find("\r\n\r\n") == received_.npos) need(read_more());
    http_answer answer;
    const auto header_size = received_.find("\r\n\r\n") + 4;
    answer.header = lower_names(received_.substr(0, header_size));
    answer.status = std::atoi(answer.header.c_str() + sizeof "http/1.1");
    const std::string length = answer.field("content-length");
    const std::size_t body_size = to_head || length.empty() ? 0 : std::stoul(length);
    while (received_.size() < header_size + body_size) need(read_more());
    answer.body = received_.substr(header_size, body_size);
    received_.erase(0, header_size + body_size);
    return answer;
  }

  http_answer ask(std::string_view request) {
    send(request);
    return receive();
  }

  /// True if the server closes the connection without sending anything more.
  bool closed_by_server() { return received_.empty() && !read_more(); }

  /// The bytes up to and with these.
  std::string receive_until(std::string_view end) {
    std::size_t at = 0;
    while ((at = received_.find(end)) == received_.npos) need(read_more());
    const std::string bytes = received_.substr(0, at + end.size());
    received_.erase(0, bytes.size());
    return bytes;
  }

  /// Everything up to the end of the stream.
  std::string receive_all() {
    while (read_more()) {
    }
    return std::exchange(received_, {});
  }

  void shut_down_sending() { ::shutdown(socket_, SHUT_WR); }

  /// Closes with a reset instead of the usual end of stream.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 protected:
  int descriptor() const { return socket_; }

 private:
  virtual ssize_t write_some(std::string_view bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t read_some(char* bytes, std::size_t size) { return ::recv(socket_, bytes, size, 0); }

  template <class Address>
  void connect(const Address& address) {
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
    const int failure = errno;
    ::close(socket_);
    throw std::system_error(failure, std::generic_category(), "connect");
  }

  // False at the end of the stream, also when that comes as a reset.
  bool read_more() {
    pollfd readable{socket_, POLLIN, 0};
    if (::poll(&readable, 1, 30'000) == 0) throw std::runtime_error("the server is silent");
    char bytes[65536];
    const auto size = read_some(bytes, sizeof bytes);
    if (size > 0) received_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }

  static void need(bool more) {
    if (!more) throw std::runtime_error("the server closed the connection");
  }

  // Only names and the status line; values keep their case.
  static std::string lower_names(std::string header) {
    bool in_name = true;
    for (char& c : header) {
      if (c == '\n') in_name = true;
      if (c == ':') in_name = false;
      if (in_name && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return header;
  }

  int socket_;
  std::string received_;
};

/// A POST with a JSON body.
inline std::string post_json(std::string_view path, std::string_view body, std::string_view fields = "") {
  std::string request("POST ");
  request.append(path).append(
      " HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: ");
  request.append(std::to_string(body.size())).append("\r\n").append(fields).append("\r\n").append(body);
  return request;
}

inline std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

}  // namespace carpool::test
