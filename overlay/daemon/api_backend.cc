// SPDX-License-Identifier: Apache-2.0
#include "overlay/daemon/api_backend.h"

#include <utility>

#include "overlay/control/map_view.h"
#include "overlay/control/objects.h"
#include "overlay/daemon/clock.h"
#include "overlay/daemon/log.h"
#include "overlay/wire/message.h"

namespace overlay::daemon {

void ApiBackend::attach(Driver& driver, KernelKeeper& kernel, PortRemover& ports, const Alarms& alarms) {
  driver_ = &driver;
  kernel_ = &kernel;
  ports_ = &ports;
  alarms_ = &alarms;
  driver.on_stall([this](const Error& error) { refuse_waiting(error); });
}

void ApiBackend::carry_out(node::Answer answer) {
  auto reply = waiting_.extract(answer.call);
  if (reply) reply.mapped()(std::move(answer.result));
}

const control::ClockPair& ApiBackend::clocks() {
  clocks_.keep_up({now(), wall_now()});
  return clocks_;
}

/// What the core knows, and what only the disk, the kernel and the API server do.
node::View ApiBackend::view() const { return with_alarms(driver_->node().view(now())); }
node::View ApiBackend::summary() const { return with_alarms(driver_->node().summary()); }

node::View ApiBackend::with_alarms(node::View out) const {
  for (node::AlarmView& alarm : alarms_->all()) out.alarms.push_back(std::move(alarm));
  if (const auto& stall = driver_->stall()) {
    out.waiting_for.push_back("the disk: " + stall->error.text);
    out.alarms.push_back({"disk", stall->error.text, stall->since});
  }
  const auto trouble = kubernetes_ != nullptr ? kubernetes_->trouble() : std::nullopt;
  if (trouble) out.alarms.push_back({"kubernetes", trouble->text, trouble->since});
  if (trouble && !out.cluster) out.waiting_for.insert(out.waiting_for.begin(), trouble->text);
  return out;
}

v1::Status ApiBackend::status() { return control::to_status(summary(), facts_, clocks()); }
control::Overview ApiBackend::overview() {
  const node::View seen = summary();
  return {control::to_status(seen, facts_, clocks()), control::to_links(seen, clocks())};
}
v1::Peers ApiBackend::peers() { return control::to_peers(view(), clocks()); }
v1::Paths ApiBackend::paths() { return control::to_paths(view(), clocks()); }
v1::Links ApiBackend::links() { return control::to_links(summary(), clocks()); }
v1::Ipam ApiBackend::ipam() { return control::to_ipam(view()); }
v1::Addresses ApiBackend::addresses() { return control::to_addresses(view()); }

v1::Routes ApiBackend::routes() {
  const auto intent = driver_->node().intent();
  if (!intent) return {};
  const auto observed = kernel_->observe();
  if (!observed) log(spdlog::level::warn, "kernel", {{"text", observed.error().text}});
  return control::to_routes(*intent, observed ? *observed : plan::Objects(), view().peers);
}

v1::Version ApiBackend::version() {
  v1::Version out;
  out.set_version(OVERLAY_VERSION);
  out.set_protocol_min(wire::protocol_min);
  out.set_protocol_max(wire::protocol_max);
  return out;
}

v1::Map ApiBackend::map() { return control::to_map(view(), driver_->node().linked(), facts_, clocks()); }

template <class Ask>
void ApiBackend::call(control::LeaseReply reply, Ask ask) {
  const node::CallId id = ++last_call_;
  waiting_[id] = std::move(reply);
  driver_->feed([&](node::Node& node, Time now) { ask(node, id, now); });
}

template <class Message, class Ask>
void ApiBackend::decree(const Message& answer, std::function<void(Result<Message>)> reply, Ask ask) {
  call(
      [answer, reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        done ? reply(answer) : reply(done.error());
      },
      ask);
}

/// Nobody knows when there will be room. A runtime that is told that its ADD failed follows with a DEL, which
/// takes back what the core may have leased.
void ApiBackend::refuse_waiting(const Error& error) {
  for (auto& [call, reply] : std::exchange(waiting_, {})) reply(error);
}

void ApiBackend::lease_add(const ipam::LeaseRequest& request, control::LeaseReply reply) {
  // The answer would have to wait for the disk; the runtime had better try another host.
  if (driver_->stall()) return reply(driver_->stall()->error);
  const auto lease = [this, request, reply = std::move(reply)] {
    call(reply,
         [&](node::Node& node, node::CallId id, Time now) { node.lease(id, request, wall_now(), now); });
  };
  ports_->after(host_interface(request.key), lease);
}

/// An address is free when no interface has it any more.
void ApiBackend::lease_del(const ipam::LeaseKey& key, control::LeaseReply reply) {
  ports_->remove(host_interface(key), [this, key, reply = std::move(reply)](const Status& removed) {
    removed ? release(key, reply) : reply(removed.error());
  });
}

void ApiBackend::release(const ipam::LeaseKey& key, control::LeaseReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  call(std::move(reply), [&](node::Node& node, node::CallId id, Time now) { node.release(id, key, now); });
}

void ApiBackend::lease_check(const ipam::LeaseKey& key, control::LeaseReply reply) {
  call(std::move(reply), [&](node::Node& node, node::CallId id, Time now) { node.check(id, key, now); });
}

void ApiBackend::lease_collect(const std::string& network, const std::set<ipam::LeaseKey>& valid,
                               control::LeaseReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  call(std::move(reply),
       [&](node::Node& node, node::CallId id, Time now) { node.collect(id, network, valid, now); });
}

void ApiBackend::forget(const v1::ForgetRequest& request, control::ForgetReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  const auto wanted = control::to_forget_request(request);
  const auto plan = driver_->node().plan_forget(wanted, now());
  if (!plan) return reply(plan.error());
  const auto answer = control::to_forgotten(*plan, request.dry_run());
  if (request.dry_run()) return reply(answer);
  decree(answer, std::move(reply),
         [&](node::Node& node, node::CallId id, Time now) { node.forget(id, wanted, now); });
}

void ApiBackend::extend(const v1::ExtendRequest& request, control::ExtendReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  const auto pool = Prefix::parse(request.pool());
  if (!pool) return reply(pool.error());
  const auto plan = driver_->node().plan_extend(*pool);
  if (!plan) return reply(plan.error());
  const auto answer = control::to_extended(*plan, request.dry_run());
  if (request.dry_run()) return reply(answer);
  decree(answer, std::move(reply),
         [&](node::Node& node, node::CallId id, Time now) { node.extend(id, *pool, now); });
}

void ApiBackend::assign(const v1::AssignRequest& request, control::AssignReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  const auto prefix = Prefix::parse(request.prefix());
  if (!prefix) return reply(prefix.error());
  const node::AssignRequest wanted{*prefix, request.owner()};
  const auto plan = driver_->node().plan_assign(wanted);
  if (!plan) return reply(plan.error());
  const auto answer = control::to_assigned(*plan, request.dry_run());
  if (request.dry_run()) return reply(answer);
  decree(answer, std::move(reply),
         [&](node::Node& node, node::CallId id, Time now) { node.assign(id, wanted, now); });
}

template <class Ask>
void ApiBackend::change_exposure(const v1::ExposeRequest& request, control::ExposeReply reply, Ask ask) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  std::optional<Ip> wanted;
  if (!request.address().empty()) {
    const auto address = Ip::parse(request.address());
    if (!address) return reply(address.error());
    wanted = *address;
  }
  call(
      [reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        if (!done) return reply(done.error());
        v1::Exposed answer;
        if (*done) {
          for (const Ip& address : (*done)->lease.addresses) answer.add_addresses(address.text());
        }
        reply(answer);
      },
      [&](node::Node& node, node::CallId id, Time now) { ask(node, id, wanted, now); });
}

void ApiBackend::expose(const v1::ExposeRequest& request, control::ExposeReply reply) {
  change_exposure(request, std::move(reply),
                  [](node::Node& node, node::CallId id, const std::optional<Ip>& wanted, Time now) {
                    node.expose(id, wanted, wall_now(), now);
                  });
}

void ApiBackend::hide(const v1::ExposeRequest& request, control::ExposeReply reply) {
  change_exposure(request, std::move(reply),
                  [](node::Node& node, node::CallId id, const std::optional<Ip>& which, Time now) {
                    node.hide(id, which, now);
                  });
}

void ApiBackend::connect(const v1::TargetsRequest& request, control::TargetsReply reply) {
  retarget(request, &node::Node::connect, std::move(reply));
}

void ApiBackend::disconnect(const v1::TargetsRequest& request, control::TargetsReply reply) {
  retarget(request, &node::Node::disconnect, std::move(reply));
}

void ApiBackend::retarget(const v1::TargetsRequest& request, Retarget change, control::TargetsReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  std::vector<HostPort> hosts;
  for (const auto& text : request.hosts()) {
    auto host = HostPort::parse(text, mesh_port);
    if (!host) return reply(host.error());
    hosts.push_back(std::move(*host));
  }
  call(
      [this, reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        done ? reply(control::to_targets(view())) : reply(done.error());
      },
      [&](node::Node& node, node::CallId id, Time now) { (node.*change)(id, hosts, now); });
}

void ApiBackend::drain(bool on, control::DrainReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  call(
      [this, reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        done ? reply(control::to_drained(view())) : reply(done.error());
      },
      [&](node::Node& node, node::CallId id, Time now) { node.drain(id, on, now); });
}

void ApiBackend::leave(const v1::LeaveRequest& request, control::LeaveReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  if (request.dry_run()) {
    const auto plan = driver_->node().plan_leave(request.force(), now());
    return plan ? reply(control::to_leaving(*plan, view().name)) : reply(plan.error());
  }
  call(
      [this, reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        done ? reply(control::to_leaving(view())) : reply(done.error());
      },
      [&](node::Node& node, node::CallId id, Time now) { node.leave(id, request.force(), now); });
}

void ApiBackend::recover(const v1::RecoverRequest& request, control::RecoverReply reply) {
  if (driver_->stall()) return reply(driver_->stall()->error);
  call(
      [this, reply = std::move(reply)](const Result<std::optional<node::LeaseAnswer>>& done) {
        if (!done) return reply(done.error());
        v1::Recovered answer;
        for (const auto& voter : view().voters) answer.add_voters(voter);
        reply(answer);
      },
      [&](node::Node& node, node::CallId id, Time now) { node.recover(id, request.cluster(), now); });
}

void ApiBackend::teardown(control::TeardownReply reply) {
  // Looking fails only where removing will too, or has nothing to tell.
  const auto before = kernel_->observe();
  const Status removed = kernel_->teardown();
  const auto after = kernel_->observe();
  if (!removed) return reply(removed.error());
  reply(before && after ? control::to_removed(*before, *after) : v1::Removed());
  torn_down_();
}

}  // namespace overlay::daemon
