// SPDX-License-Identifier: Apache-2.0
#include "overlay/kernel/netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

namespace overlay::kernel {
namespace {

constexpr std::size_t message_bytes_max = 2048;
constexpr std::size_t message_bytes_usual = 96;   // so that building one allocates once
constexpr std::size_t receive_bytes = 64 * 1024;  // the kernel fills a dump's datagram up to half of this
constexpr int receive_queue_bytes = 8 * 1024 * 1024;
constexpr std::size_t batch_messages_max = 1024;  // should all fail, that still fits the receive queue
constexpr std::size_t batch_bytes_max = 64 * 1024;
constexpr int send_buffer_bytes = 2 * batch_bytes_max;  // a send must fit; libnl asks for 32 KiB
constexpr int dump_attempts_max = 30;
constexpr int answer_timeout_seconds = 10;

Errc errc_of(int error) {
  switch (error) {
    case EEXIST:
    case EADDRINUSE:
      return Errc::exists;
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case EADDRNOTAVAIL:
      return Errc::not_found;
    case EPERM:
    case EACCES:
      return Errc::refused;
    case EBUSY:
    case ENETDOWN:
      return Errc::unavailable;
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return Errc::unsupported;
    default:
      return Errc::io;
  }
}

/// The text of NLMSGERR_ATTR_MSG; with NETLINK_CAP_ACK the request is not echoed, else skip it.
std::string extended_text(const nlmsghdr* header, const nlmsgerr& error) {
  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS)) return {};
  std::size_t start = sizeof(nlmsghdr) + sizeof(nlmsgerr);
  if (!(header->nlmsg_flags & NLM_F_CAPPED)) start += error.msg.nlmsg_len - sizeof(nlmsghdr);
  start = NLMSG_ALIGN(start);
  if (start > header->nlmsg_len) return {};
  const std::string_view rest(reinterpret_cast<const char*>(header) + start, header->nlmsg_len - start);
  return Attributes(rest).string(NLMSGERR_ATTR_MSG).value_or("");
}

Status status_of(const nlmsghdr* header) {
  nlmsgerr error{};
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof error))
    return fail(Errc::io, "the kernel sent a short acknowledgement");
  std::memcpy(&error, NLMSG_DATA(header), sizeof error);
  if (error.error == 0) return {};
  return kernel_error(-error.error, extended_text(header, error));
}

}  // namespace

Error kernel_error(int error, std::string_view detail) {
  std::string text(detail);
  if (text.empty()) text = ::strerrordesc_np(error) ? ::strerrordesc_np(error) : "unknown error";
  // One sentence, lower case; but "VXLAN device …" keeps its capitals.
  if (text.size() > 1 && !std::isupper(static_cast<unsigned char>(text[1]))) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  while (text.ends_with('.')) text.pop_back();
  const char* symbol = ::strerrorname_np(error);
  return Error{errc_of(error), text + " (" + (symbol ? symbol : std::to_string(error)) + ")"};
}

// ---- Message ----

Message::Message(std::uint16_t type, int flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags);
  bytes_.reserve(message_bytes_usual);
  append({reinterpret_cast<const char*>(&header), sizeof header});
}

Message& Message::u8(int attribute, std::uint8_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::u16(int attribute, std::uint16_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::u32(int attribute, std::uint32_t value) {
  return bytes(attribute, {reinterpret_cast<const char*>(&value), sizeof value});
}

Message& Message::be16(int attribute, std::uint16_t value) { return u16(attribute, htons(value)); }

Message& Message::bytes(int attribute, std::string_view value) {
  if (value.size() > message_bytes_max) {
    overflow_ = true;
    return *this;
  }
  const nlattr header{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + value.size()),
                      .nla_type = static_cast<std::uint16_t>(attribute)};
  bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  return append(value);
}

Message& Message::string(int attribute, std::string_view value) {
  return bytes(attribute, std::string_view(std::string(value).c_str(), value.size() + 1));
}

/// Padded, and with the message's length kept true.
Message& Message::append(std::string_view part) {
  bytes_ += part;
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  if (bytes_.size() > message_bytes_max) overflow_ = true;
  const auto length = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  return *this;
}

Message& Message::begin(int attribute) {
  nests_.push_back(bytes_.size());
  return bytes(attribute | NLA_F_NESTED, {});
}

Message& Message::end() {
  const auto length = static_cast<std::uint16_t>(bytes_.size() - nests_.back());
  std::memcpy(bytes_.data() + nests_.back() + offsetof(nlattr, nla_len), &length, sizeof length);
  nests_.pop_back();
  return *this;
}

// ---- Attributes ----

std::optional<std::string_view> Attributes::find(int attribute) const {
  std::optional<std::string_view> found;
  int rest = static_cast<int>(bytes_.size());
  auto* at = reinterpret_cast<nlattr*>(const_cast<char*>(bytes_.data()));
  for (; nla_ok(at, rest); at = nla_next(at, &rest)) {
    if (nla_type(at) != attribute) continue;
    found = std::string_view(static_cast<const char*>(nla_data(at)), static_cast<std::size_t>(nla_len(at)));
  }
  return found;
}

std::vector<Attributes> Attributes::all(int attribute) const {
  std::vector<Attributes> out;
  int rest = static_cast<int>(bytes_.size());
  auto* at = reinterpret_cast<nlattr*>(const_cast<char*>(bytes_.data()));
  for (; nla_ok(at, rest); at = nla_next(at, &rest)) {
    if (nla_type(at) != attribute) continue;
    out.emplace_back(
        std::string_view(static_cast<const char*>(nla_data(at)), static_cast<std::size_t>(nla_len(at))));
  }
  return out;
}

namespace {

template <class T>
std::optional<T> read(std::optional<std::string_view> payload) {
  if (!payload || payload->size() != sizeof(T)) return std::nullopt;
  T out;
  std::memcpy(&out, payload->data(), sizeof out);
  return out;
}

}  // namespace

std::optional<std::uint8_t> Attributes::u8(int attribute) const {
  return read<std::uint8_t>(find(attribute));
}
std::optional<std::uint16_t> Attributes::u16(int attribute) const {
  return read<std::uint16_t>(find(attribute));
}
std::optional<std::uint32_t> Attributes::u32(int attribute) const {
  return read<std::uint32_t>(find(attribute));
}

std::optional<std::uint16_t> Attributes::be16(int attribute) const {
  const auto value = u16(attribute);
  if (!value) return std::nullopt;
  return ntohs(*value);
}

std::optional<std::string> Attributes::string(int attribute) const {
  const auto payload = find(attribute);
  if (!payload) return std::nullopt;
  return std::string(payload->substr(0, payload->find('\0')));
}

std::optional<Ip> Attributes::ip(int attribute) const {
  const auto payload = find(attribute);
  if (!payload) return std::nullopt;
  auto parsed = Ip::from_bytes(*payload);
  if (!parsed) return std::nullopt;
  return *parsed;
}

std::optional<Mac> Attributes::mac(int attribute) const {
  const auto payload = find(attribute);
  if (!payload || payload->size() != Mac::size) return std::nullopt;
  return Mac::parse(*payload).value();
}

// ---- Socket ----

/// What is awaited for a run of sequence numbers.
struct Socket::Exchange {
  std::uint32_t first = 0;
  std::vector<std::optional<Status>> outcomes;  // one per message sent
  std::size_t open = 0;                         // outcomes not in yet
  std::vector<Reply> replies;                   // of all of them
  bool interrupted = false;                     // NLM_F_DUMP_INTR was seen

  Exchange(std::uint32_t newest, std::size_t count)
      : first(newest - static_cast<std::uint32_t>(count) + 1), outcomes(count), open(count) {}

  /// The kernel works through one send in order and tells of each failure, so when the last is acknowledged
  /// all it has not complained of are done.
  void fill_in_successes() {
    for (auto& outcome : outcomes) {
      if (!outcome) outcome.emplace();
    }
    open = 0;
  }

  /// Takes one message; those of other exchanges (late answers to one given up) are dropped.
  void take(const nlmsghdr* header) {
    const std::uint32_t index = header->nlmsg_seq - first;
    if (index >= outcomes.size() || outcomes[index]) return;
    if (header->nlmsg_flags & NLM_F_DUMP_INTR) interrupted = true;
    if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
      outcomes[index] = header->nlmsg_type == NLMSG_ERROR ? status_of(header) : done_status(header);
      --open;
    } else if (header->nlmsg_type >= NLMSG_MIN_TYPE) {
      replies.emplace_back(header->nlmsg_type, std::string_view(static_cast<const char*>(NLMSG_DATA(header)),
                                                                header->nlmsg_len - NLMSG_HDRLEN));
    }
  }

  /// A dump that failed half way says so in the integer its NLMSG_DONE carries.
  static Status done_status(const nlmsghdr* header) {
    int error = 0;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof error)) return {};
    std::memcpy(&error, NLMSG_DATA(header), sizeof error);
    if (error >= 0) return {};
    return kernel_error(-error);
  }
};

void Socket::Free::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Socket::Socket(nl_sock* socket)
    : socket_(socket), buffer_(std::make_unique_for_overwrite<char[]>(receive_bytes)) {}

int Socket::fd() const { return nl_socket_get_fd(socket_.get()); }

Result<Socket> Socket::open(int protocol) {
  nl_sock* raw = nl_socket_alloc();
  if (!raw) throw std::bad_alloc();
  Socket socket(raw);
  if (const int error = nl_connect(raw, protocol); error < 0) {
    return fail(Errc::io, std::string("cannot open a netlink socket: ") + nl_geterror(error));
  }
  const int on = 1;
  const timeval timeout{.tv_sec = answer_timeout_seconds, .tv_usec = 0};
  const auto set = [&socket](int level, int option, const auto& value) {
    return ::setsockopt(socket.fd(), level, option, &value, sizeof value) == 0;
  };
  if (!set(SOL_NETLINK, NETLINK_EXT_ACK, on) || !set(SOL_NETLINK, NETLINK_CAP_ACK, on) ||
      !set(SOL_NETLINK, NETLINK_GET_STRICT_CHK, on) || !set(SOL_SOCKET, SO_RCVTIMEO, timeout) ||
      !set(SOL_SOCKET, SO_SNDBUF, send_buffer_bytes)) {
    return with_context("cannot set up a netlink socket (Linux 5.4 is needed)", kernel_error(errno));
  }
  // Without CAP_NET_ADMIN the ordinary limit has to do.
  if (!set(SOL_SOCKET, SO_RCVBUFFORCE, receive_queue_bytes)) set(SOL_SOCKET, SO_RCVBUF, receive_queue_bytes);
  return socket;
}

void Socket::put(const Message& message, int flags, std::string& out) {
  nlmsghdr header;
  std::memcpy(&header, message.view().data(), sizeof header);
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++sequence_;
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out += message.view().substr(sizeof header);
}

Status Socket::send(const std::string& bytes) {
  sockaddr_nl to{};
  to.nl_family = AF_NETLINK;
  while (::sendto(fd(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0) {
    if (errno != EINTR) return with_context("cannot send to the kernel", kernel_error(errno));
  }
  return {};
}

Status Socket::send_all(std::span<const Message> messages, int last_flags) {
  std::string out;
  out.reserve(std::min(messages.size() * message_bytes_usual, batch_bytes_max));
  for (const Message& message : messages) {
    if (!message.complete()) return fail(Errc::invalid, "a netlink message is too long");
    put(message, &message == &messages.back() ? last_flags : 0, out);
  }
  return send(out);
}

Result<std::string_view> Socket::receive(int flags) {
  for (;;) {
    sockaddr_nl from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(fd(), buffer_.get(), receive_bytes, flags | MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) return fail(Errc::exhausted, "netlink messages were lost (ENOBUFS)");
    if (size < 0 && errno == EAGAIN) return fail(Errc::unavailable, "the kernel has not answered (EAGAIN)");
    if (size < 0) return with_context("cannot receive from the kernel", kernel_error(errno));
    if (from.nl_pid != 0) continue;  // another process may send to us; only the kernel is believed
    if (static_cast<std::size_t>(size) > receive_bytes) {
      return fail(Errc::exhausted,
                  "the kernel sent " + std::to_string(size) + " bytes at once, more than fit");
    }
    return std::string_view(buffer_.get(), static_cast<std::size_t>(size));
  }
}

namespace {

template <class Use>
void for_each_message(std::string_view datagram, Use use) {
  int rest = static_cast<int>(datagram.size());
  auto* at = reinterpret_cast<nlmsghdr*>(const_cast<char*>(datagram.data()));
  for (; nlmsg_ok(at, rest); at = nlmsg_next(at, &rest)) use(at);
}

}  // namespace

Status Socket::await(Exchange& exchange) {
  while (exchange.open > 0) {
    OVERLAY_TRY(const std::string_view datagram, receive(0));
    for_each_message(datagram, [&exchange](const nlmsghdr* header) { exchange.take(header); });
    if (exchange.outcomes.back()) exchange.fill_in_successes();
  }
  return {};
}

Result<Socket::Exchange> Socket::transact(const Message& message, int flags) {
  OVERLAY_CHECK(send_all({&message, 1}, flags));
  Exchange exchange(sequence_, 1);
  OVERLAY_CHECK(await(exchange));
  OVERLAY_CHECK(*exchange.outcomes.front());
  return exchange;
}

Status Socket::request(const Message& message) {
  OVERLAY_CHECK(transact(message, NLM_F_ACK));
  return {};
}

Result<Reply> Socket::get(const Message& message) {
  OVERLAY_TRY(Exchange exchange, transact(message, NLM_F_ACK));
  if (exchange.replies.empty())
    return fail(Errc::not_found, "the kernel acknowledged a question without an answer");
  return std::move(exchange.replies.front());
}

Result<std::vector<Reply>> Socket::dump(const Message& message) {
  for (int attempt = 0; attempt < dump_attempts_max; ++attempt) {
    OVERLAY_TRY(Exchange exchange, transact(message, NLM_F_DUMP));
    if (!exchange.interrupted) return std::move(exchange.replies);
  }
  return fail(Errc::unavailable, "the kernel's tables kept changing while they were read (NLM_F_DUMP_INTR)");
}

namespace {

/// How many of the first go into one send; one always does.
std::size_t fitting(std::span<const Message> messages) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < std::min(messages.size(), batch_messages_max)) {
    bytes += messages[count].view().size();
    if (count != 0 && bytes > batch_bytes_max) break;
    ++count;
  }
  return count;
}

}  // namespace

std::vector<Status> Socket::batch(std::span<const Message> messages) {
  std::vector<Status> out;
  out.reserve(messages.size());
  while (!messages.empty()) {
    const std::size_t count = fitting(messages);
    batch_once(messages.first(count), out);
    messages = messages.subspan(count);
  }
  return out;
}

void Socket::batch_once(std::span<const Message> messages, std::vector<Status>& out) {
  Status sent = send_all(messages, NLM_F_ACK);
  if (!sent) {
    out.insert(out.end(), messages.size(), sent);
    return;
  }
  Exchange exchange(sequence_, messages.size());
  const Status waited = await(exchange);
  for (auto& outcome : exchange.outcomes) out.push_back(outcome ? std::move(*outcome) : waited);
}

Status Socket::transaction(std::span<const Message> messages) {
  nfgenmsg header{};
  header.res_id = htons(NFNL_SUBSYS_NFTABLES);
  std::string out;
  put(Message(NFNL_MSG_BATCH_BEGIN, 0, header), 0, out);
  for (const Message& message : messages) {
    if (!message.complete()) return fail(Errc::invalid, "a netlink message is too long");
    put(message, NLM_F_ACK, out);
  }
  Exchange exchange(sequence_, messages.size());
  put(Message(NFNL_MSG_BATCH_END, 0, header), 0, out);
  OVERLAY_CHECK(send(out));
  OVERLAY_CHECK(await(exchange));
  for (auto& outcome : exchange.outcomes) OVERLAY_CHECK(std::move(*outcome));
  return {};
}

Status Socket::join(unsigned int group) {
  if (const int error = nl_socket_add_membership(socket_.get(), static_cast<int>(group)); error < 0) {
    return fail(Errc::io, "cannot join netlink group " + std::to_string(group) + ": " + nl_geterror(error));
  }
  return {};
}

Result<std::vector<Reply>> Socket::poll() {
  std::vector<Reply> out;
  for (;;) {
    auto datagram = receive(MSG_DONTWAIT);
    if (!datagram && datagram.error().code == Errc::unavailable) return out;
    if (!datagram) return std::move(datagram).error();
    for_each_message(*datagram, [&out](const nlmsghdr* header) {
      if (header->nlmsg_type < NLMSG_MIN_TYPE) return;
      out.emplace_back(header->nlmsg_type, std::string_view(static_cast<const char*>(NLMSG_DATA(header)),
                                                            header->nlmsg_len - NLMSG_HDRLEN));
    });
  }
}

}  // namespace overlay::kernel
