// SPDX-License-Identifier: Apache-2.0
// Netlink (RFC 3549, Linux include/uapi/linux/netlink.h) as three small things: a Message to build, a Socket
// to exchange it on, a Reply to take apart. Over libnl-3's core only: no caches, no libnl-route, whose 3.7
// knows neither nexthop ids nor the protocol of a neighbour. The CNI plugin links this statically.
//
//   OVERLAY_TRY(Socket socket, Socket::open(NETLINK_ROUTE));
//   Message add(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
//   add.string(IFLA_IFNAME, "overlay0").begin(IFLA_LINKINFO).string(IFLA_INFO_KIND, "bridge").end();
//   OVERLAY_CHECK(socket.request(add));
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "overlay/addr/ip.h"
#include "overlay/addr/mac.h"
#include "overlay/base/result.h"

struct nl_sock;

namespace overlay::kernel {

/// The kernel's errno (positive) as our Error; `detail` is its extended-acknowledgement text, if any.
/// EEXIST, EADDRINUSE: exists; ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: not_found; EPERM, EACCES: refused;
/// EBUSY, ENETDOWN: unavailable; EOPNOTSUPP and its kin: unsupported; all else: io. The text ends with the
/// errno's name in parentheses.
Error kernel_error(int error, std::string_view detail = {});

/// One request under construction. What does not fit into its 2 KiB is remembered and reported when it is
/// sent, so building needs no checks.
class Message {
 public:
  /// `flags` beside NLM_F_REQUEST and NLM_F_ACK, which the socket sets; `header` is the family's fixed
  /// header.
  template <class Header>
  Message(std::uint16_t type, int flags, const Header& header) : Message(type, flags) {
    raw(header);
  }

  Message& u8(int attribute, std::uint8_t value);
  Message& u16(int attribute, std::uint16_t value);
  Message& u32(int attribute, std::uint32_t value);
  /// In network order, as ports travel.
  Message& be16(int attribute, std::uint16_t value);
  Message& bytes(int attribute, std::string_view value);
  /// With its terminating zero.
  Message& string(int attribute, std::string_view value);
  Message& ip(int attribute, const Ip& value) { return bytes(attribute, value.bytes()); }
  Message& mac(int attribute, const Mac& value) { return bytes(attribute, value.view()); }
  /// An attribute that says all by being there.
  Message& flag(int attribute) { return bytes(attribute, {}); }
  /// A fixed header inside an attribute, as in VETH_INFO_PEER.
  template <class Header>
  Message& raw(const Header& header) {
    static_assert(std::is_trivially_copyable_v<Header>);
    return append({reinterpret_cast<const char*>(&header), sizeof header});
  }
  /// Attributes up to the matching end() are nested in this one.
  Message& begin(int attribute);
  Message& end();

  /// Header and attributes as they travel, without sequence number; borrowed.
  std::string_view view() const { return bytes_; }
  /// False when something did not fit or a begin() lacks its end().
  bool complete() const { return !overflow_ && nests_.empty(); }

 private:
  Message(std::uint16_t type, int flags);
  Message& append(std::string_view part);

  std::string bytes_;
  std::vector<std::size_t> nests_;  // where each open one begins
  bool overflow_ = false;
};

/// A stretch of attributes, borrowed from a Reply that outlives it. The kernel is a remote party here:
/// whatever is cut short ends the stretch, and an attribute of another length than asked for reads as absent.
class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(std::string_view bytes) : bytes_(bytes) {}

  /// The payload of the last attribute of this type.
  std::optional<std::string_view> find(int attribute) const;
  std::optional<std::uint8_t> u8(int attribute) const;
  std::optional<std::uint16_t> u16(int attribute) const;
  std::optional<std::uint32_t> u32(int attribute) const;
  std::optional<std::uint16_t> be16(int attribute) const;
  /// Up to the first zero.
  std::optional<std::string> string(int attribute) const;
  /// 4 or 16 bytes.
  std::optional<Ip> ip(int attribute) const;
  std::optional<Mac> mac(int attribute) const;
  /// All attributes of this type, each as what is nested in it: a list.
  std::vector<Attributes> all(int attribute) const;
  /// Empty when absent.
  Attributes nested(int attribute) const { return Attributes(find(attribute).value_or(std::string_view())); }

 private:
  std::string_view bytes_;
};

/// One message from the kernel.
class Reply {
 public:
  Reply(std::uint16_t type, std::string_view payload) : type_(type), payload_(payload) {}

  std::uint16_t type() const { return type_; }
  /// The same, taken for a message of another type.
  Reply as(std::uint16_t type) const { return {type, payload_}; }
  /// The family's fixed header; nothing when the message is shorter than that.
  template <class Header>
  std::optional<Header> header() const {
    static_assert(std::is_trivially_copyable_v<Header>);
    if (payload_.size() < sizeof(Header)) return std::nullopt;
    Header out;
    std::memcpy(&out, payload_.data(), sizeof out);
    return out;
  }
  /// What follows a fixed header of that type.
  template <class Header>
  Attributes attributes() const {
    constexpr std::size_t start = (sizeof(Header) + 3) & ~std::size_t{3};
    if (payload_.size() < start) return {};
    return Attributes(std::string_view(payload_).substr(start));
  }

 private:
  std::uint16_t type_;
  std::string payload_;
};

/// A netlink socket, in the network namespace of the thread that opened it, wherever it is used afterwards.
/// Blocking, one user at a time; an exchange the kernel does not answer within 10 s is Errc::unavailable.
class Socket {
 public:
  /// `protocol` as in NETLINK_ROUTE.
  [[nodiscard]] static Result<Socket> open(int protocol);

  /// One request and its acknowledgement.
  [[nodiscard]] Status request(const Message& message);
  /// One request and its one answer, e.g. RTM_GETLINK by name, RTM_GETROUTE.
  [[nodiscard]] Result<Reply> get(const Message& message);
  /// All objects a request selects. A dump the kernel calls inconsistent (NLM_F_DUMP_INTR) is taken again, up
  /// to 30 times, then Errc::unavailable.
  [[nodiscard]] Result<std::vector<Reply>> dump(const Message& message);
  /// Many requests, up to 1024 in one send, of which the kernel acknowledges the last and reports each that
  /// fails; one Status each, in order. A failed one does not stop the ones after it.
  std::vector<Status> batch(std::span<const Message> messages);

  /// nftables requests that take effect together or, when one is refused, not at all.
  [[nodiscard]] Status transaction(std::span<const Message> messages);

  /// Joins a multicast group such as RTNLGRP_LINK. A socket that joined one is for poll() only.
  [[nodiscard]] Status join(unsigned int group);
  /// What the joined groups have sent, without waiting; empty when nothing. Errc::exhausted: the buffer
  /// overran and some is lost.
  [[nodiscard]] Result<std::vector<Reply>> poll();
  /// For an event loop; readable when poll() has something.
  int fd() const;

 private:
  struct Free {
    void operator()(nl_sock* socket) const;
  };
  struct Exchange;

  explicit Socket(nl_sock* socket);
  [[nodiscard]] Result<Exchange> transact(const Message& message, int flags);
  [[nodiscard]] Status send_all(std::span<const Message> messages, int last_flags);
  [[nodiscard]] Status send(const std::string& bytes);
  /// Appends it to `out`, with flags and the next sequence number.
  void put(const Message& message, int flags, std::string& out);
  void batch_once(std::span<const Message> messages, std::vector<Status>& out);
  [[nodiscard]] Status await(Exchange& exchange);
  [[nodiscard]] Result<std::string_view> receive(int flags);

  std::unique_ptr<nl_sock, Free> socket_;
  std::unique_ptr<char[]> buffer_;  // touched as far as it is needed
  std::uint32_t sequence_ = 0;      // of the newest message sent
};

}  // namespace overlay::kernel
