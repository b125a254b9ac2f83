// SPDX-License-Identifier: Apache-2.0
// What passes between the mesh and whoever owns the sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "overlay/addr/endpoint.h"
#include "overlay/base/bytes.h"

namespace overlay::mesh {

/// One TCP session, inbound or outbound, from dial or accept to close; never used twice.
using SessionId = std::uint64_t;

/// What the transport knows of the connection that a handshake travels on. All empty: a plain one.
struct Channel {
  Bytes binding;                    // what only its two ends know: each proves that it talks to the other
  std::optional<NodeId> certified;  // the node that the peer's certificate is of
};

/// A frame's body is at most this long, bytes; longer ones end the session.
inline constexpr std::size_t max_frame_bytes = 256 * 1024;
/// The same before the handshake is done.
inline constexpr std::size_t max_hello_bytes = 4 * 1024;

/// Open a TCP connection to `target`, resolving names anew; answer with connected() or closed().
struct Dial {
  SessionId session;
  HostPort target;
};
/// Queue one frame (its body; the transport puts the length before it); report progress with written().
struct Send {
  SessionId session;
  Bytes frame;
};
/// The peer has proved itself: frames of up to max_frame_bytes may arrive from now on, not just
/// max_hello_bytes.
struct Admit {
  SessionId session;
};
/// Send what is queued, then close. `reason` is for the log; the session must not be reported closed again.
struct Close {
  SessionId session;
  std::string reason;
};
/// Something changed, for logs and `overlayctl events`.
struct Event {
  enum class Level : std::uint8_t { info, warning, error } level = Level::info;
  std::string kind;     // fixed names: "link", "peer", "block", "lease", "cluster", "kernel", …
  std::string subject;  // what it is about: a peer's name, a prefix
  std::string from;     // old value, may be empty
  std::string to;       // new value
  std::string text;     // one sentence; may be empty
};

using Effect = std::variant<Dial, Send, Admit, Close, Event>;
using Outbox = std::vector<Effect>;

}  // namespace overlay::mesh
