// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/server.h"

#include <unistd.h>

#include <chrono>
#include <utility>
#include <variant>

#include "overlay/control/event_feed.h"
#include "overlay/control/figures.h"
#include "overlay/control/json.h"
#include "overlay/control/route.h"
#include "overlay/control/unix_socket.h"
#include "overlay/control/view.h"

namespace overlay::control {

namespace {

Response json_response(const google::protobuf::Message& message) {
  return {200, "application/json", to_json(message) + "\n", {}, nullptr};
}

Response failure(Refusal refusal) {
  v1::Failure body;
  body.set_code(std::string(name(refusal.error.code)));
  body.set_text(refusal.error.text);
  Response out{refusal.http_status, "application/json", to_json(body) + "\n", {}, nullptr};
  if (!refusal.allow.empty()) out.headers.emplace_back("Allow", std::move(refusal.allow));
  return out;
}

}  // namespace

class Server::Impl {
 public:
  Impl(boost::asio::io_context& io, const ServerOptions& options, UnixListener listener, Backend& backend,
       EventLog& events)
      : path_(options.path),
        file_(listener),
        backend_(backend),
        events_(events),
        followers_(events),
        http_(
            io, listener.socket, options.limits,
            [this](const Request& request, Respond respond) { handle(request, std::move(respond)); },
            [](unsigned status, Error error) {
              return failure({status, std::move(error), {}});
            }) {}
  ~Impl() { remove_unix(path_, file_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

 private:
  void handle(const Request& request, Respond respond);
  void serve(const Call& call, const Request& request, Respond respond);
  Response events(const Call& call);
  Response backup();
  void cni(Action action, const std::string& body, Respond respond);
  [[nodiscard]] Status ask(Action action, const std::string& body, const LeaseReply& reply);
  template <class Asked, class Answer>
  void act(void (Backend::*call)(const Asked&, std::function<void(Result<Answer>)>), const std::string& body,
           Respond respond);
  void drain(bool on, Respond respond);
  void teardown(Respond respond);

  std::string path_;
  UnixListener file_;
  Backend& backend_;
  EventLog& events_;
  Followers followers_;
  HttpListener http_;  // last: its end closes the connections, and with them all feeds
};

namespace {

/// Reading is for all who can open the socket; the verbs, and what holds the node's key, are for root and for
/// the daemon's own user.
Status authorise(const Request& request, Action action) {
  if (request.method != "POST" && action != Action::backup) return {};
  OVERLAY_TRY(const auto user, peer_user(request.socket));
  if (user == 0 || user == ::geteuid()) return {};
  return fail(Errc::refused, "user " + std::to_string(user) + " may only read here: run it as root");
}

}  // namespace

void Server::Impl::handle(const Request& request, Respond respond) {
  auto routed = route(request.method, request.target);
  if (auto* refused = std::get_if<Refusal>(&routed)) return respond(failure(std::move(*refused)));
  const auto& call = std::get<Call>(routed);
  if (auto allowed = authorise(request, call.action); !allowed) {
    return respond(failure(refusal(std::move(allowed).error())));
  }
  serve(call, request, std::move(respond));
}

void Server::Impl::serve(const Call& call, const Request& request, Respond respond) {
  switch (call.action) {
    case Action::status:
      return respond(json_response(backend_.status()));
    case Action::peers:
      return respond(json_response(backend_.peers()));
    case Action::paths:
      return respond(json_response(backend_.paths()));
    case Action::links:
      return respond(json_response(backend_.links()));
    case Action::ipam:
      return respond(json_response(backend_.ipam()));
    case Action::addresses:
      return respond(json_response(backend_.addresses()));
    case Action::routes:
      return respond(json_response(backend_.routes()));
    case Action::version:
      return respond(json_response(backend_.version()));
    case Action::events:
      return respond(events(call));
    case Action::cni_add:
    case Action::cni_del:
    case Action::cni_check:
    case Action::cni_gc:
      return cni(call.action, request.body, std::move(respond));
    case Action::forget:
      return act(&Backend::forget, request.body, std::move(respond));
    case Action::extend:
      return act(&Backend::extend, request.body, std::move(respond));
    case Action::assign:
      return act(&Backend::assign, request.body, std::move(respond));
    case Action::expose:
      return act(&Backend::expose, request.body, std::move(respond));
    case Action::hide:
      return act(&Backend::hide, request.body, std::move(respond));
    case Action::connect:
      return act(&Backend::connect, request.body, std::move(respond));
    case Action::disconnect:
      return act(&Backend::disconnect, request.body, std::move(respond));
    case Action::drain:
    case Action::undrain:
      return drain(call.action == Action::drain, std::move(respond));
    case Action::leave:
      return act(&Backend::leave, request.body, std::move(respond));
    case Action::recover:
      return act(&Backend::recover, request.body, std::move(respond));
    case Action::backup:
      return respond(backup());
    case Action::teardown:
      return teardown(std::move(respond));
  }
}

Response Server::Impl::events(const Call& call) {
  if (!call.follow) return json_response(events_.after(call.after));
  auto stream = followers_.follow(call.after);
  return stream ? std::move(*stream) : failure(refusal(std::move(stream).error()));
}

Response Server::Impl::backup() {
  auto bytes = backend_.backup();
  if (!bytes) return failure(refusal(std::move(bytes).error()));
  return {200, "application/octet-stream", std::move(*bytes), {}, nullptr};
}

namespace {

const char* name_of(Action action) {
  if (action == Action::cni_add) return "add";
  if (action == Action::cni_del) return "del";
  return action == Action::cni_check ? "check" : "gc";
}

}  // namespace

void Server::Impl::cni(Action action, const std::string& body, Respond respond) {
  const auto begun = std::chrono::steady_clock::now();
  const LeaseReply reply = [respond, action, begun](Result<std::optional<node::LeaseAnswer>> result) {
    Figures::instance().cni_answered(name_of(action), result.has_value(),
                                     std::chrono::steady_clock::now() - begun);
    if (!result) return respond(failure(refusal(std::move(result).error())));
    // A release has nothing to tell: an empty object.
    respond(*result ? json_response(to_lease(**result))
                    : Response{200, "application/json", "{}\n", {}, nullptr});
  };
  if (Status asked = ask(action, body, reply); !asked) respond(failure(refusal(std::move(asked).error())));
}

/// Fails where the body is not what the verb takes; else `reply` is called, now or later.
Status Server::Impl::ask(Action action, const std::string& body, const LeaseReply& reply) {
  if (action == Action::cni_gc) {
    OVERLAY_TRY(const auto request, from_json<v1::CollectRequest>(body));
    OVERLAY_TRY(const auto valid, to_valid(request));
    backend_.lease_collect(request.network(), valid, reply);
    return {};
  }
  OVERLAY_TRY(const auto message, from_json<v1::LeaseRequest>(body));
  OVERLAY_TRY(const auto request, to_lease_request(message));
  if (action == Action::cni_add) backend_.lease_add(request, reply);
  if (action == Action::cni_del) backend_.lease_del(request.key, reply);
  if (action == Action::cni_check) backend_.lease_check(request.key, reply);
  return {};
}

template <class Asked, class Answer>
void Server::Impl::act(void (Backend::*call)(const Asked&, std::function<void(Result<Answer>)>),
                       const std::string& body, Respond respond) {
  const auto asked = from_json<Asked>(body);
  if (!asked) return respond(failure(refusal(asked.error())));
  (backend_.*call)(*asked, [respond = std::move(respond)](Result<Answer> result) {
    respond(result ? json_response(*result) : failure(refusal(std::move(result).error())));
  });
}

void Server::Impl::drain(bool on, Respond respond) {
  backend_.drain(on, [respond = std::move(respond)](Result<v1::Drained> result) {
    respond(result ? json_response(*result) : failure(refusal(std::move(result).error())));
  });
}

void Server::Impl::teardown(Respond respond) {
  backend_.teardown([respond = std::move(respond)](Result<v1::Removed> result) {
    respond(result ? json_response(*result) : failure(refusal(std::move(result).error())));
  });
}

Result<std::unique_ptr<Server>> Server::listen(boost::asio::io_context& io, const ServerOptions& options,
                                               Backend& backend, EventLog& events) {
  OVERLAY_TRY(const auto listener, listen_unix(options.path, options.group));
  return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(io, options, listener, backend, events)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

}  // namespace overlay::control
