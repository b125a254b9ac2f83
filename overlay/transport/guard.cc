// SPDX-License-Identifier: Apache-2.0
#include "overlay/transport/guard.h"

namespace overlay::transport {
namespace {

/// Of targets that wanted another key than the first; no host calls nearly as many.
constexpr std::size_t max_offers = 4096;

}  // namespace

/// One connection in its handshake. Giving up closes the socket, which ends whatever waits for it.
struct Guard::Attempt {
  Attempt(tcp::socket connection, Handshake how, std::string to)
      : timer(connection.get_executor()),
        plain(std::move(connection)),
        handshake(std::move(how)),
        target(std::move(to)) {}

  tcp::socket& socket() { return secured ? secured->next_layer() : plain; }
  void give_up(std::string why) {
    gave_up = std::move(why);
    error_code ignored;
    socket().close(ignored);
  }

  asio::steady_timer timer;
  tcp::socket plain;  // until it is `secured`
  std::unique_ptr<TlsSocket> secured;
  Handshake handshake;
  std::string target;   // of a caller
  std::string gave_up;  // why we did
};

Guard::Guard(std::optional<Credentials> credentials) {
  if (credentials) set_credentials(*std::move(credentials));
}

void Guard::set_credentials(Credentials credentials) {
  tls_ = std::make_shared<Tls>(std::move(credentials));
  offers_.clear();
}

void Guard::admit(tcp::socket socket, Done done) {
  const auto executor = socket.get_executor();
  Handshake handshake{.by = tls_, .caller = false, .offered = 0, .unknown_key = {}};
  auto attempt = std::make_shared<Attempt>(std::move(socket), std::move(handshake), std::string());
  if (callers_.size() >= max_callers) {
    if (const auto oldest = callers_.front().lock()) {
      oldest->give_up("more than " + std::to_string(max_callers) +
                      " callers are in their handshake, this one longest");
    }
    callers_.pop_front();
  }
  callers_.push_back(attempt);
  spawn(executor, run(*this, std::move(attempt), std::move(done)));
}

void Guard::introduce(tcp::socket socket, const std::string& target, Done done) {
  const auto executor = socket.get_executor();
  const auto offer = offers_.find(target);
  Handshake handshake{
      .by = tls_, .caller = true, .offered = offer == offers_.end() ? 0 : offer->second, .unknown_key = {}};
  auto attempt = std::make_shared<Attempt>(std::move(socket), std::move(handshake), target);
  spawn(executor, run(*this, std::move(attempt), std::move(done)));
}

asio::awaitable<void> Guard::run(Guard& guard, std::shared_ptr<Attempt> attempt, Done done) {
  attempt->timer.expires_after(handshake_timeout);
  attempt->timer.async_wait([weak = std::weak_ptr(attempt)](const error_code& error) {
    const auto late = weak.lock();
    if (error || !late) return;
    late->give_up("no TLS handshake within " + std::to_string(handshake_timeout.count()) + " s");
  });
  auto result = co_await shake_hands(guard, attempt);
  attempt->timer.cancel();
  std::erase_if(guard.callers_, [&](const auto& caller) { return caller.lock() == attempt; });
  attempt.reset();
  done(std::move(result));
}

asio::awaitable<Result<Guarded>> Guard::shake_hands(Guard& guard, std::shared_ptr<Attempt> attempt) {
  Handshake& handshake = attempt->handshake;
  if (handshake.by == nullptr) {
    Guarded plain{std::move(attempt->plain), {}};
    co_return plain;
  }
  error_code error;
  if (!handshake.caller) {
    // A caller that says nothing, or just leaves, costs a descriptor and a timer, not the state of a TLS
    // session.
    std::tie(error) = co_await attempt->plain.async_wait(tcp::socket::wait_read, as_value);
    if (!error && attempt->plain.available(error) == 0 && !error) error = asio::error::eof;
  }
  if (!error && attempt->gave_up.empty()) {
    attempt->secured = handshake.by->wrap(std::move(attempt->plain), handshake);
    std::tie(error) = co_await attempt->secured->async_handshake(side(handshake), as_value);
    let_go(*attempt->secured);
  }
  if (!attempt->gave_up.empty()) co_return fail(Errc::unavailable, attempt->gave_up);
  guard.learn(*attempt, is_refusal(error));
  if (is_plain_peer(error) && !handshake.caller) {
    error_code ignored;  // seven bytes, the first on this connection: there is room for them
    attempt->socket().write_some(asio::buffer(protocol_alert), ignored);
  }
  if (error) co_return explain(error, handshake, attempt->secured.get());
  auto channel = secured_channel(*attempt->secured, handshake);
  if (!channel) co_return channel.error();
  Guarded guarded{std::move(attempt->secured), *std::move(channel)};
  co_return guarded;
}

void Guard::learn(const Attempt& attempt, bool refused) {
  const Handshake& handshake = attempt.handshake;
  if (!handshake.caller || !refused || handshake.by != tls_) return;
  const Keyring* const keys = tls_->keys();
  if (keys == nullptr || keys->size() == 1) return;
  if (offers_.size() >= max_offers) offers_.clear();
  offers_[attempt.target] = (handshake.offered + 1) % keys->size();
}

}  // namespace overlay::transport
