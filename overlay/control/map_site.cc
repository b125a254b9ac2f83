// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/map_site.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "overlay/addr/ip.h"
#include "overlay/control/map_page.h"
#include "overlay/control/route.h"

namespace overlay::control {

namespace {

constexpr std::chrono::seconds keeps_for{1};

/// The page says itself what it may load and do (ui/build.mjs): nothing from elsewhere. Only a header can say
/// who may frame it: nobody.
std::string policy() {
  constexpr std::string_view before = "http-equiv=\"Content-Security-Policy\" content=\"";
  const auto html = map_page();
  const auto begin = html.find(before) + before.size();
  return std::string(html.substr(begin, html.find('"', begin) - begin)) + "; frame-ancestors 'none'";
}

Headers guarded() {
  return {{"Cache-Control", "no-store"},
          {"X-Content-Type-Options", "nosniff"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

Response sentence(unsigned status, const std::string& text) {
  return {status, "text/plain; charset=utf-8", text + "\n", guarded(), nullptr};
}

Response page() {
  static const std::string its_policy = policy();
  Response out{200, "text/html; charset=utf-8", std::string(map_page()), guarded(), nullptr};
  out.headers.emplace_back("Content-Security-Policy", its_policy);
  out.headers.emplace_back("Referrer-Policy", "no-referrer");
  return out;
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  return address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
}

bool calls_from_here(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 && is_loopback(address);
}

/// "127.0.0.1:6782" -> "127.0.0.1", "[::1]:6782" -> "::1".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

/// A page of elsewhere whose name was made to lead here (DNS rebinding) still calls us by that name.
bool names_this_host(std::string_view host) {
  const auto name = without_port(host);
  return name == "localhost" || Ip::parse(std::string(name)).has_value();
}

Status may_see(const Request& request, MapFor shown) {
  if (shown == MapFor::all) return {};
  if (shown == MapFor::nobody)
    return fail(Errc::refused, "the map is switched off: overlayd --map local shows it");
  if (!calls_from_here(request.socket)) {
    return fail(Errc::refused,
                "the map names every host and its addresses, so it is shown to callers on this host alone: "
                "ask at a loopback address (ssh -L 6782:127.0.0.1:6782 HOST brings that to your desk), or "
                "start overlayd with --map all");
  }
  if (names_this_host(request.host)) return {};
  return fail(Errc::refused,
              "'" + request.host + "' is no name of this host's own: ask at localhost or at an address");
}

/// What follows "after=" in the query of `target`; 0 without one.
Result<std::uint64_t> after_of(std::string_view target) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return 0;
  auto routed = route("GET", "/v1/events" + std::string(target.substr(query)));
  if (auto* refused = std::get_if<Refusal>(&routed)) return std::move(refused->error);
  return std::get<Call>(routed).after;
}

}  // namespace

void MapSite::handle(const Request& request, Respond respond) {
  if (const auto allowed = may_see(request, shown_); !allowed)
    return respond(sentence(http_status_of(allowed.error().code), allowed.error().text));
  const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
  if (path == "/ui" || path == "/ui/") return respond(page());
  if (path == "/ui/data.json") return data(std::move(respond));
  if (path != "/ui/events") return respond(sentence(404, "there are /ui, /ui/data.json and /ui/events"));
  const auto after = after_of(request.target);
  auto stream = after ? followers_.follow(*after) : Result<Response>(after.error());
  if (!stream) return respond(sentence(http_status_of(stream.error().code), stream.error().text));
  stream->headers = guarded();
  respond(std::move(*stream));
}

void MapSite::data(Respond respond) {
  waiting_.push_back(std::move(respond));
  if (writing_) return;
  if (written_ && Clock::now() - *written_ < keeps_for) return written();
  writing_.emplace(backend_.map());
  write_on();
}

/// A piece, and the next when the loop has turned.
void MapSite::write_on() {
  if (!writing_->step()) {
    text_ = writing_->take();
    writing_.reset();
    written_ = Clock::now();
    return written();
  }
  boost::asio::post(io_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->write_on();
  });
}

void MapSite::written() {
  for (const auto& respond : std::exchange(waiting_, {}))
    respond({200, "application/json", text_, guarded(), nullptr});
}

}  // namespace overlay::control
